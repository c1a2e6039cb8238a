// The filters of single columns of a list: their texts as typed, and as a request states them.
import { useCallback, useMemo, useState } from 'react'

/** `columns` must be stable: those that can be filtered. */
export const useColumnFilters = <Name extends string>(columns: readonly Name[]) => {
  const [filters, setFilters] = useState<Readonly<Record<string, string>>>({})
  const onFilter = useCallback((column: string, text: string) => setFilters((current) => ({ ...current, [column]: text })), [])
  const clearFilters = useCallback(() => setFilters({}), [])
  const columnFilters = useMemo(
    () => columns.map((column) => ({ column, text: filters[column] ?? '' })).filter(({ text }) => text.trim() !== ''),
    [columns, filters],
  )
  return { filters, onFilter, clearFilters, columnFilters, hasFilters: columnFilters.length > 0 }
}
