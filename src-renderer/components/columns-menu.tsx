// The button that chooses which columns of a grid are shown.
import { Columns3 } from 'lucide-react'
import { CheckList } from './check-list.tsx'
import { isWanted, type GridColumnsOptions } from './grid-columns.ts'
import { Popover } from './popover.tsx'

const noNames: readonly string[] = []

/** The first column identifies a row and always stays. */
export const ColumnsMenu = ({ columns, layout, onLayout, emptyColumns = noNames }: GridColumnsOptions) => {
  const choices = columns.slice(1)
  const shown = choices
    .filter((column) => layout.visible[column.name] ?? (isWanted(column, layout) && !emptyColumns.includes(column.name)))
    .map(({ name }) => name)
  const change = (chosen: readonly string[]): void => {
    const changed = choices.filter(({ name }) => shown.includes(name) !== chosen.includes(name))
    onLayout({ ...layout, visible: { ...layout.visible, ...Object.fromEntries(changed.map(({ name }) => [name, chosen.includes(name)])) } })
  }
  return (
    <Popover
      label={
        <>
          <Columns3 size={14} aria-hidden /> Columns
        </>
      }
      name="Columns"
      align="right"
    >
      <CheckList
        title="Columns"
        selected={shown}
        options={choices.map(({ name, title }) => ({ value: name, label: emptyColumns.includes(name) ? `${title} (no values)` : title }))}
        onChange={(chosen) => (chosen.length === 0 ? onLayout({ ...layout, visible: {} }) : change(chosen))}
      />
    </Popover>
  )
}
