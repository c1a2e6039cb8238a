// The input of the charts, already reduced to the size of the picture.
import type { RiskLevel } from '../artefacts/server-risk.ts'

export interface HeatmapRow {
  /** Server id, or "12 servers" where rows are binned. */
  readonly label: string
  /** First server of the row, for a click. */
  readonly serverId: string
  readonly servers: number
  /** Worst risk level of the row's servers; null where no threshold applies. */
  readonly riskLevel: RiskLevel | null
}

export interface TimeMark {
  readonly kind: 'eoq' | 'holiday'
  /** "Quarter end", or the holiday's name. */
  readonly label: string
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

/** Servers x time. Row 0 is the top row, the riskiest under the default order. */
export interface HeatmapData {
  readonly metric: string
  /** "%" for percentage metrics, else "". */
  readonly unit: string
  readonly rows: readonly HeatmapRow[]
  /** Start of the first column and width of a column, milliseconds UTC. */
  readonly startMs: number
  readonly stepMs: number
  /** The zone on whose clock all columns are equally long: the run's for steps of whole days, else UTC. */
  readonly columnZone: string
  readonly columns: number
  /** Row-major, rows x columns; NaN: no value. Measured before `horizonStartMs`, forecast after. */
  readonly values: Float32Array
  readonly horizonStartMs: number
  /** The aggregation of several servers or periods into one cell. */
  readonly reduction: 'max' | 'p95' | 'mean'
  readonly marks: readonly TimeMark[]
  readonly highThreshold: number | null
  readonly veryHighThreshold: number | null
  readonly counts: { readonly servers: number; readonly atRisk: number }
}

export interface ClusterSummary {
  readonly cluster: number
  readonly name: string
  readonly size: number
  /** Centre in the metric's unit. */
  readonly mean: number
  readonly std: number
}

/** One point per server, or a sample of the servers; the arrays share their index. */
export interface ClustersData {
  readonly metric: string
  readonly unit: string
  readonly serverIds: readonly string[]
  /** Horizon mean and sample standard deviation, in the metric's unit. */
  readonly mean: Float64Array
  readonly std: Float64Array
  readonly cluster: Int32Array
  /** Of all servers, including those not drawn. */
  readonly clusters: readonly ClusterSummary[]
  /** Number of all servers; absent where every server has a point. */
  readonly servers?: number | undefined
  /** Mean adjusted Rand index of the clusters against other restarts; absent or null where it is not known. */
  readonly stability?: number | null
  /** Horizon mean below which a server counts as underutilised; no line where absent. */
  readonly underutilizedThreshold?: number | null
  /** Names of the axes of a projection; absent for mean and deviation. */
  readonly axes?: { readonly x: string; readonly y: string } | undefined
}
