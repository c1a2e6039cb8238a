// Names of runs that tell them apart: by the day that their forecasts begin on, and by more where that is the same.
import type { ComparedRun } from '../../../src-shared/ipc/run-comparison.ts'

/** How times are written, ISO 8601 each: the day and the time of the data, and when an analysis ended. */
export interface RunTimes {
  readonly day: (iso: string) => string
  readonly dataTime: (iso: string) => string
  readonly analysisTime: (iso: string) => string
}

const areDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length

/** "Nov 21, 2026" of each start, with the time of day where two are of one day. */
export const nameStarts = (starts: readonly string[], { day, dataTime }: Omit<RunTimes, 'analysisTime'>): readonly string[] => {
  const days = starts.map(day)
  return areDistinct(days) ? days : starts.map(dataTime)
}

const folderName = (folder: string): string => /([^/\\]+)[/\\]*$/.exec(folder)?.[1] ?? folder

type NamedRun = Pick<ComparedRun, 'folder' | 'analyzed_at' | 'horizon'>

/** "forecast from Nov 21, 2026", "analysed on Nov 29, 2026, 14:03", or the folder: the first that differs. */
export const nameRuns = (runs: readonly NamedRun[], times: RunTimes): readonly string[] => {
  const starts = runs.map(({ horizon }) => horizon.start)
  if (areDistinct(starts)) return nameStarts(starts, times).map((name) => `forecast from ${name}`)
  const analysed = runs.map(({ analyzed_at }) => times.analysisTime(analyzed_at))
  if (areDistinct(analysed)) return analysed.map((name) => `analysed on ${name}`)
  return runs.map(({ folder }) => folderName(folder))
}
