// A path task on its way to a thread: figures in memory that both see, and each text once.
import { sharedCounts } from '../../threads/shared-arrays.ts'
import type { PathTask } from './path-batches.ts'

/** A message would copy the text of each series. */
interface NumberedTexts {
  readonly texts: readonly string[]
  /** Index in `texts`, by series. */
  readonly numbers: Uint32Array
}

export interface SentPathTask extends Omit<PathTask, 'series'> {
  readonly series: Omit<PathTask['series'], 'metrics'> & { readonly metrics: NumberedTexts }
}

export const sendPathTask = ({ series, corrections, coverage, grid, config }: PathTask): SentPathTask => {
  const { seriesIds, metrics, thresholds, veryHighThresholds, isPercent, horizonMeans } = series
  return {
    series: { seriesIds, metrics: numberTexts(metrics), thresholds, veryHighThresholds, isPercent, horizonMeans },
    corrections,
    coverage,
    grid: { granularity: grid.granularity, step: grid.step },
    config: { seed: config.seed, sizing_confidence: config.sizing_confidence },
  }
}

export const receivePathTask = ({ series, ...task }: SentPathTask): PathTask => {
  const { texts, numbers } = series.metrics
  return { ...task, series: { ...series, metrics: Array.from(numbers, (number) => texts[number]!) } }
}

const numberTexts = (values: readonly string[]): NumberedTexts => {
  const known = new Map<string, number>()
  const numbers = sharedCounts(values.length)
  for (let index = 0; index < values.length; index++) {
    const number = known.get(values[index]!) ?? known.size
    known.set(values[index]!, number)
    numbers[index] = number
  }
  return { texts: [...known.keys()], numbers }
}
