// How high a series was measured: its peak, and its saturation, the share of periods near 100 %. Beyond it the demand is unknown.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { isPercentMetric } from '../../../src-shared/config/metric-units.ts'
import type { Database } from '../../database/database.ts'
import { orNull } from '../../database/read-columns.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import type { BacktestReader } from './scan-backtests.ts'

/** A percentage from which a period counts as saturated. */
const saturatedFrom = 99

/** Share of values at 99 or above; NULL without values. */
export const saturatedShareOf = (actual: Float64Array): number | null => {
  if (actual.length === 0) return null
  let saturated = 0
  // By index, as in `maximumOf`.
  for (let row = 0; row < actual.length; row++) if (actual[row]! >= saturatedFrom) saturated += 1
  return saturated / actual.length
}

/** Measures peak and saturation of the series whose metric is a percentage. */
export class SaturationReader implements BacktestReader {
  readonly #isPercent: Uint8Array
  readonly #isRead: Uint8Array
  /** NaN where nothing was measured. */
  readonly #shares: Float64Array
  readonly #peaks: Float64Array

  private constructor(isPercent: Uint8Array) {
    this.#isPercent = isPercent
    this.#isRead = new Uint8Array(isPercent.length)
    this.#shares = new Float64Array(isPercent.length)
    this.#peaks = new Float64Array(isPercent.length)
  }

  /** Reads `series`. */
  static async open(database: Database, config: AnalysisConfig): Promise<SaturationReader> {
    const { metric: metrics } = await database.columns('SELECT metric FROM series ORDER BY series_id', { metric: 'text' })
    const percentMetrics = new Set([...new Set(metrics)].filter((metric) => isPercentMetric(config, metric)))
    return new SaturationReader(Uint8Array.from(metrics, (metric) => (percentMetrics.has(metric) ? 1 : 0)))
  }

  read({ id, actual }: { readonly id: number; readonly actual: Float64Array }): void {
    if (this.#isPercent[id] !== 1) return
    this.#isRead[id] = 1
    this.#shares[id] = saturatedShareOf(actual) ?? Number.NaN
    this.#peaks[id] = actual.length === 0 ? Number.NaN : maximumOf(actual)
  }

  /** Creates `saturation` (series_id, saturated_share, measured_peak), for series in percent with a backtest. */
  async finish(database: Database): Promise<void> {
    await database.storeRows('saturation', { series_id: 'INTEGER', saturated_share: 'DOUBLE', measured_peak: 'DOUBLE' }, this.#rows())
  }

  *#rows(): Generator<(number | null)[]> {
    for (const [id, isRead] of this.#isRead.entries()) if (isRead === 1) yield [id, orNull(this.#shares[id]!), orNull(this.#peaks[id]!)]
  }
}
