// mstl: seasons by repeated LOESS, the rest by exponential smoothing (Bandara, Hyndman and Bergmeir 2021), by Grafana's augurs in WebAssembly.
import { initSync, MSTL } from '@bsull/augurs/mstl'
import binary from '../../node_modules/@bsull/augurs/mstl_bg.wasm?inline'
import { recentMedian } from './flat-median.ts'
import { fillGaps } from './gaps.ts'
import type { SeriesHistory } from './series-history.ts'

/** Weeks that the model is fitted to: a year of days, eight weeks of hours. */
const fittedSeasons = { day: 52, hour: 8 }

/** A history of less than two weeks, or one that no model fits, takes the median of its last four weeks. */
export const mstl = (history: SeriesHistory, horizon: number): Float64Array => {
  const { calendar, values, from, origin } = history
  const { season, stepsPerDay } = calendar
  const weeks = stepsPerDay === 1 ? fittedSeasons.day : fittedSeasons.hour
  const measured = fillGaps(values.subarray(Math.max(from, origin - weeks * season), origin))
  const flat = new Float64Array(horizon).fill(recentMedian(history))
  if (measured.length <= 2 * season) return flat
  const [lowest, highest] = [Math.min(...measured), Math.max(...measured)]
  // The library finds no model of a constant.
  if (lowest === highest) return flat
  const points = fitAndPredict(measured, stepsPerDay === 1 ? [season] : [stepsPerDay, season], horizon)
  if (points === undefined) return flat
  // Exponential trends grow without limit: forecasts stay within one measured range of the measured range.
  const range = highest - lowest
  return points.map((value) => Math.min(highest + range, Math.max(lowest - range, value)))
}

/** Undefined where the library finds no model, or a forecast that is no number. Throws where the library itself fails. */
const fitAndPredict = (values: Float64Array, seasons: readonly number[], horizon: number): Float64Array | undefined => {
  load()
  const model = MSTL.ets([...seasons])
  try {
    model.fit(values)
    const points = Float64Array.from(model.predict(horizon).point)
    return points.every(Number.isFinite) ? points : undefined
  } catch (thrown) {
    // The library says as text that it finds no model; its own faults are errors.
    if (typeof thrown !== 'string') throw thrown
    return undefined
  } finally {
    model.free()
  }
}

let isLoaded = false

/** From this file itself: nothing is fetched. */
const load = (): void => {
  if (isLoaded) return
  initSync({ module: Buffer.from(binary.slice(binary.indexOf(',') + 1), 'base64') })
  isLoaded = true
}
