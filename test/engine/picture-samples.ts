// Plausible fleets for pictures: seeded, so that every run draws the same.
import type { ClustersData, HeatmapData, TimeMark } from '../../src-shared/chart-options/chart-data.ts'
import type { RiskLevel } from '../../src-shared/server-risk.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

/** Mulberry32. */
const createRandom = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const marksDaily: readonly TimeMark[] = [
  { kind: 'eoq', label: 'Quarter end', fromMs: Date.UTC(2025, 8, 24), toMs: Date.UTC(2025, 9, 1) },
  { kind: 'holiday', label: 'Columbus Day', fromMs: Date.UTC(2025, 9, 13), toMs: Date.UTC(2025, 9, 14) },
  { kind: 'holiday', label: 'Veterans Day', fromMs: Date.UTC(2025, 10, 11), toMs: Date.UTC(2025, 10, 12) },
  { kind: 'holiday', label: 'Thanksgiving Day', fromMs: Date.UTC(2025, 10, 27), toMs: Date.UTC(2025, 10, 28) },
  { kind: 'holiday', label: 'Christmas Day', fromMs: Date.UTC(2025, 11, 25), toMs: Date.UTC(2025, 11, 26) },
  { kind: 'eoq', label: 'Quarter end', fromMs: Date.UTC(2025, 11, 25), toMs: Date.UTC(2026, 0, 1) },
  { kind: 'holiday', label: "New Year's Day", fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 2) },
  { kind: 'holiday', label: 'Martin Luther King Jr. Day', fromMs: Date.UTC(2026, 0, 19), toMs: Date.UTC(2026, 0, 20) },
  { kind: 'holiday', label: "Washington's Birthday", fromMs: Date.UTC(2026, 1, 16), toMs: Date.UTC(2026, 1, 17) },
  { kind: 'eoq', label: 'Quarter end', fromMs: Date.UTC(2026, 2, 25), toMs: Date.UTC(2026, 3, 1) },
]

export interface HeatmapSample {
  readonly servers: number
  readonly hourly?: boolean
  readonly noHistory?: boolean
  readonly names?: (index: number) => string
}

export const sampleHeatmap = ({ servers, hourly = false, noHistory = false, names }: HeatmapSample): HeatmapData => {
  const random = createRandom(servers + (hourly ? 7 : 0))
  const rowCount = Math.min(60, servers)
  const columns = hourly ? 48 : 180
  const startMs = hourly ? Date.UTC(2026, 2, 30) : Date.UTC(2025, 9, 3)
  const stepMs = hourly ? hourMs : dayMs
  const horizonStartMs = startMs + (columns / 2) * stepMs
  const values = new Float32Array(rowCount * columns)
  const rows = Array.from({ length: rowCount }, (_, row) => {
    const base = 88 - (row / rowCount) * 70 + random() * 6
    let noise = 0
    for (let column = 0; column < columns; column++) {
      const time = startMs + column * stepMs
      const weekday = new Date(time).getUTCDay()
      noise = noise * 0.7 + (random() - 0.5) * 8
      const seasonal = hourly ? 9 * Math.sin(((column - 8) / 24) * 2 * Math.PI) : weekday % 6 === 0 ? -9 : 2
      const quarterEnd = marksDaily.some((mark) => mark.kind === 'eoq' && time >= mark.fromMs && time < mark.toMs) ? 8 : 0
      const value = base - 8 + (column / columns) * 10 + seasonal + (hourly ? 0 : quarterEnd) + noise
      const missing = time < horizonStartMs && (noHistory || (row % 9 === 4 && column < columns * 0.2))
      values[row * columns + column] = missing ? Number.NaN : Math.min(100, Math.max(1, value))
    }
    const riskLevel: RiskLevel = base > 84 ? 'high' : base > 72 ? 'medium' : 'low'
    const bin = Math.ceil(servers / rowCount)
    return {
      label: names?.(row) ?? `web-${String(row * bin + 1).padStart(3, '0')}.eu-west${bin > 1 ? ` + ${bin - 1}` : ''}`,
      serverId: `server-${row}`,
      servers: bin,
      riskLevel,
    }
  })
  return {
    metric: 'cpu_p95',
    unit: '%',
    rows,
    startMs,
    stepMs,
    columns,
    values,
    horizonStartMs,
    reduction: 'max',
    marks: hourly
      ? [{ kind: 'eoq', label: 'Quarter end', fromMs: Date.UTC(2026, 2, 25), toMs: Date.UTC(2026, 3, 1) }]
      : marksDaily.filter((mark) => mark.toMs > startMs),
    highThreshold: 80,
    veryHighThreshold: 90,
    counts: { servers, atRisk: Math.round(servers * 0.14) },
  }
}

const groups = [
  { name: 'quiet, steady', mean: 18, std: 4, spread: 5 },
  { name: 'moderate, weekly swing', mean: 38, std: 11, spread: 6 },
  { name: 'busy, steady', mean: 62, std: 6, spread: 6 },
  { name: 'busy, rising', mean: 78, std: 13, spread: 5 },
  { name: 'bursty', mean: 30, std: 22, spread: 5 },
  { name: 'quiet, quarter-end peaks', mean: 22, std: 15, spread: 4 },
  { name: 'very busy, steady', mean: 88, std: 4, spread: 3 },
  { name: 'idle', mean: 5, std: 1.5, spread: 1.5 },
]

export const sampleClusters = (servers: number, clusterCount = 4): ClustersData => {
  const random = createRandom(servers * 31 + clusterCount)
  const standardNormal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const mean = new Float64Array(servers)
  const std = new Float64Array(servers)
  const cluster = new Int32Array(servers)
  const sizes = Array.from({ length: clusterCount }, () => 0)
  for (let server = 0; server < servers; server++) {
    const of = server < clusterCount ? server : Math.min(clusterCount - 1, Math.floor(random() ** 1.5 * clusterCount))
    const group = groups[of] ?? groups[0]!
    cluster[server] = of
    sizes[of] = (sizes[of] ?? 0) + 1
    mean[server] = Math.min(98, Math.max(1, group.mean + standardNormal() * group.spread))
    std[server] = Math.max(0.4, group.std + standardNormal() * group.spread * 0.35)
  }
  return {
    metric: 'cpu_p95',
    unit: '%',
    serverIds: Array.from({ length: servers }, (_, server) => `server-${server}`),
    mean,
    std,
    cluster,
    underutilizedThreshold: 40,
    clusters: Array.from({ length: clusterCount }, (_, of) => {
      const average = (values: Float64Array): number =>
        values.reduce((sum, value, server) => (cluster[server] === of ? sum + value : sum), 0) / (sizes[of] ?? 1)
      return {
        cluster: of,
        name: groups[of]?.name ?? `group ${of}`,
        size: sizes[of] ?? 0,
        mean: average(mean),
        std: average(std),
      }
    }),
  }
}
