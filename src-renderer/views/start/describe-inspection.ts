// Sentences about files that were read for an import: counts, times and steps.
import type { Inspection } from '../../../src-shared/run/inspection.ts'
import { formatTimeIn, formatting } from '../../theme/formatting.ts'

const counted = (count: number, one: string, many: string): string => `${formatting.count(count)} ${count === 1 ? one : many}`

/** "1 file, 1,200 rows, 40 servers, 80 series". */
export const describeCounts = (inspection: Inspection | null): string => {
  if (inspection === null) return ''
  const { files, first_part_rows: firstRows, rows, servers, series } = inspection
  return [
    counted(files.length, 'file', 'files'),
    ...(firstRows === null ? [] : [`the first ${counted(firstRows, 'row', 'rows')} read`]),
    ...(rows === null ? [] : [counted(rows, 'row', 'rows')]),
    ...(servers === null ? [] : [counted(servers, 'server', 'servers')]),
    ...(series === null ? [] : [`${formatting.count(series)} series`]),
  ].join(', ')
}

/** "Reading … 40 %". */
export const describeReading = (share: number | null): string =>
  share === null || share === 0 ? 'Reading …' : `Reading … ${formatting.count(Math.round(share * 100))} %`

export const describeTimes = ({ measured, horizon, time_zone: zone }: Inspection): string[] => [
  ...(measured.start === null || measured.end === null
    ? []
    : [`Measured from ${formatTimeIn(zone, measured.start)} to ${formatTimeIn(zone, measured.end)}`]),
  ...(horizon === null ? [] : [`Forecast from ${formatTimeIn(zone, horizon.start)} to ${formatTimeIn(zone, horizon.end)}`]),
]

/** "Step of 1 day in 40 series, of 1 hour in 3 series". */
export const describeSteps = ({ steps }: Inspection): string[] =>
  steps.length === 0 ? [] : [`Step of ${steps.map(({ step, series }) => `${step} in ${formatting.count(series)} series`).join(', of ')}`]

const maxNames = 4

/** The first names, and how many more there are. */
export const listOf = (names: readonly string[]): string =>
  names.length <= maxNames
    ? names.join(', ')
    : `${names.slice(0, maxNames).join(', ')} and ${formatting.count(names.length - maxNames)} more`
