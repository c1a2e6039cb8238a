// Formats grid cells by the kind of their column, with a dash for unknown values.
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import type { ColumnKind } from '../../src-shared/artefacts/server-columns.ts'
import {
  formatDate,
  formatDollars,
  formatDataTime,
  formatDays,
  formatFraction,
  formatNumber,
  formatProbability,
  formatSigned,
  formatting,
} from '../theme/formatting.ts'

export const isNumeric = (kind: ColumnKind): boolean => !['text', 'risk', 'flag', 'exhaustion'].includes(kind)

export interface CellContext {
  readonly unit: string
  /** Times of hourly data show their hour. */
  readonly isHourly: boolean
}

export const formatCell = (cell: Cell, kind: ColumnKind, { unit, isHourly }: CellContext): string => {
  if (cell === null || cell === '') return '–'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'string') {
    if (kind === 'time') return isHourly ? formatDataTime(cell) : formatDate(Date.parse(cell))
    return cell
  }
  switch (kind) {
    case 'count':
      return formatNumber(cell)
    case 'value':
      return formatting.value(cell, unit)
    case 'points':
      return formatSigned(cell).replace(/^\+/, '')
    case 'share':
      return formatFraction(cell)
    case 'probability':
      return formatProbability(cell)
    case 'usd':
      return formatDollars(cell)
    case 'days':
      return formatDays(cell)
    case 'text':
    case 'time':
    case 'flag':
    case 'risk':
    case 'exhaustion':
      return formatNumber(cell)
  }
}
