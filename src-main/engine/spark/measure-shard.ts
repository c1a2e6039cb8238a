// The first step of a shard: reads the backtests of its servers and leaves, for the other steps, what they say of each series.
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { tryParseJson } from '../../../src-shared/run/parse-json.ts'
import { literal, type Database } from '../../database/database.ts'
import { readRegularText } from '../../run-folder/regular-file.ts'
import type { MarkedTimesByMetric, SelectedSeries, SelectedSeriesSink } from '../artefacts/write-selected-series.ts'
import { readBacktests, readScanOrigin } from '../backtest/measure-backtests.ts'
import type { SeriesRange } from '../backtest/scan-backtests.ts'
import type { ResidualsPart } from '../breach/backtest-residuals.ts'
import { SeriesFile, type SeriesFilePart } from '../breach/series-file.ts'
import { extractHorizon } from '../risk/assess-risk.ts'
import { profileCells, type SeasonShare } from '../season/fleet-season.ts'
import type { SeasonCalendar } from '../season/season-calendar.ts'
import { assertSelectedRows, createForecastView, describeSparkTimes, loadSparkTables, readSparkEvents } from './load-spark-output.ts'
import { damagedShardError, readArrays, writeArrays } from './shard-arrays.ts'
import type { Shard } from '../../../src-shared/run/shard-steps.ts'
import type { SparkOutputNotes } from './spark-output.ts'

/** Tables that every shard adds rows to. */
export const measuredTables = ['season_measures', 'saturation', 'volume_growth'] as const

const files = {
  notes: 'measured.json',
  season: 'season',
  series: 'series',
  seriesIndex: 'series-index',
  residuals: 'residuals',
  residualsIndex: 'residuals-index',
} as const

export const measuredTablePath = (folder: string, table: (typeof measuredTables)[number]): string => join(folder, `${table}.parquet`)

const eventSumsSchema = z.object({
  series: z.int(),
  metrics: z.array(z.object({ metric: z.string(), rows: z.int(), steps: z.string() })),
})

const measuredNotesSchema = z.object({
  /** Of the scan, microseconds since 1970. */
  origin: z.number(),
  from: z.int(),
  to: z.int(),
  has_residuals: z.boolean(),
  event_sums: z.array(eventSumsSchema),
  marked_times: z.array(z.tuple([z.string(), z.array(z.tuple([z.number(), z.number()]))])),
})

/** Reads the Spark output of a shard's servers; writes to `target`. */
export const measureShard = async (
  database: Database,
  sparkOutput: string,
  notes: SparkOutputNotes,
  eventsTable: string | undefined,
  shard: Shard,
  target: string,
): Promise<void> => {
  const eventCalendar = eventsTable === undefined ? null : await readSparkEvents(eventsTable, notes)
  await loadSparkTables(database, sparkOutput, ['series_models', 'series', 'selected_models', 'series_risk'])
  const range = await findRange(database, shard)
  await createForecastView(database, sparkOutput, range)
  await assertSelectedRows(database, range)
  await extractHorizon(database, range)
  const seriesFile = new SeriesFile(join(target, files.series), range.to)
  const season = new SeasonShareWriter(join(target, files.season))
  const fleet = { ...(await describeSparkTimes(database, notes)), eventCalendar }
  const { backtestResiduals, eventSums, markedTimes } = await readBacktests(database, notes.config, fleet, {
    sink: recordSink(seriesFile),
    range,
    residualsPath: join(target, files.residuals),
    onSeasonShare: (id, share) => season.add(id, share),
  })
  season.finish()
  writeArrays(join(target, files.seriesIndex), indexArrays, seriesFile.finish(range.from, range.to))
  if (backtestResiduals !== null) {
    const { file, coverage, ...part } = backtestResiduals.finishPart(range.from, range.to)
    writeArrays(join(target, files.residualsIndex), residualArrays, {
      ...part,
      offsets: file.offsets,
      lengths: file.lengths,
      coverageSteps: coverage.steps,
      coverageChanges: coverage.changes,
    })
  }
  for (const table of measuredTables)
    await database.run(`COPY ${table} TO ${literal(measuredTablePath(target, table))} (FORMAT parquet, COMPRESSION zstd)`)
  const measured: z.input<typeof measuredNotesSchema> = {
    origin: await readScanOrigin(database),
    ...range,
    has_residuals: backtestResiduals !== null,
    event_sums: eventSums.map(({ series, metrics }) => ({ series, metrics: [...metrics] })),
    marked_times: markedTimes.map(([metric, times]) => [metric, times.map(([day, time]) => [day, time])]),
  }
  await writeFile(join(target, files.notes), JSON.stringify(measured))
}

/** Reads `series`, `selected_models`, `series_models`. */
const findRange = async (database: Database, shard: Shard): Promise<SeriesRange> => {
  const { server_id: servers, rows } = await database.columns(
    `SELECT s.server_id, CAST(coalesce(m.row_count, 0) AS DOUBLE) AS rows FROM series s LEFT JOIN selected_models x USING (series_id)
     LEFT JOIN series_models m ON m.server_id = s.server_id AND m.metric = s.metric AND m.model = x.model ORDER BY s.series_id`,
    { server_id: 'text', rows: 'number' },
  )
  return rangeOfShard(servers, rows, shard)
}

/** Whole servers, of about as many rows in every shard. `servers`, `rows`: of each series, in their order. */
export const rangeOfShard = (servers: readonly string[], rows: Float64Array, { number, count }: Shard): SeriesRange => {
  const total = rows.reduce((sum, value) => sum + value, 0)
  const endOf = (shards: number): number => {
    if (shards === 0) return 0
    // Series without a row may follow the last one with rows.
    if (shards === count) return servers.length
    let before = 0
    for (let id = 0; id < servers.length; id++) {
      if (servers[id] !== servers[id - 1] && before >= (total * shards) / count) return id
      before += rows[id]!
    }
    return servers.length
  }
  return { from: endOf(number - 1), to: endOf(number) }
}

const indexArrays = { offsets: 'float64', lengths: 'uint32' } as const

const residualArrays = {
  ...indexArrays,
  coverageSteps: 'int32',
  coverageChanges: 'int32',
  residualCounts: 'uint32',
  runCounts: 'uint32',
  windowRows: 'uint32',
  maxMeasured: 'float64',
  latestFrom: 'int32',
  latestTo: 'int32',
  maxBeforeLatest: 'float64',
  isLeadCovered: 'uint8',
  windows: 'float64',
} as const

/** What a shard has left of its first step. */
export interface MeasuredShard extends SeriesRange {
  readonly folder: string
  readonly origin: number
  readonly eventSums: z.infer<typeof measuredNotesSchema>['event_sums']
  readonly markedTimes: MarkedTimesByMetric
  readonly series: SeriesFilePart
  /** Null if breach probabilities are turned off. */
  readonly residuals: ResidualsPart | null
}

/** `folder`: of a shard that is measured. */
export const readMeasuredShard = async (folder: string): Promise<MeasuredShard> => {
  const path = join(folder, files.notes)
  const notes = measuredNotesSchema.safeParse(tryParseJson(await readRegularText(path)))
  if (!notes.success) throw damagedShardError(path, notes.error)
  const { origin, from, to, has_residuals, event_sums, marked_times } = notes.data
  return {
    folder,
    origin,
    from,
    to,
    eventSums: event_sums,
    markedTimes: marked_times,
    series: { path: join(folder, files.series), from, to, ...readArrays(join(folder, files.seriesIndex), indexArrays) },
    residuals: has_residuals ? readResiduals(folder, { from, to }) : null,
  }
}

const readResiduals = (folder: string, range: SeriesRange): ResidualsPart => {
  const { offsets, lengths, coverageSteps, coverageChanges, ...part } = readArrays(join(folder, files.residualsIndex), residualArrays)
  return {
    ...part,
    file: { path: join(folder, files.residuals), ...range, offsets, lengths },
    coverage: { steps: coverageSteps, changes: coverageChanges },
  }
}

/** A series in a file: step and numbers of values, times, horizon, history. */
const recordSink = (file: SeriesFile): SelectedSeriesSink => ({
  add: ({ id, stepUs, times, history, horizon }) =>
    file.add(id, [Float64Array.of(stepUs, times.length, horizon.length, history.length), times, horizon, history]),
})

const headNumbers = 4

/** Series from files of several shards. */
export function* readSeries(file: SeriesFile, ids: Iterable<number>): Generator<SelectedSeries> {
  const order = [...ids]
  let index = 0
  for (const bytes of file.read(order)) {
    const id = order[index++]!
    const [stepUs, times, horizon, history] = new Float64Array(bytes.buffer, 0, headNumbers) as unknown as number[]
    const timesAt = headNumbers * 8
    const horizonAt = timesAt + times! * 8
    yield {
      id,
      stepUs: stepUs!,
      times: new Float64Array(bytes.buffer, timesAt, times),
      horizon: new Float64Array(bytes.buffer, horizonAt, horizon),
      history: new Float32Array(bytes.buffer, horizonAt + horizon! * 8, history),
    }
  }
}

/** Numbers of a share before its profile: series, whether it has a weekly strength, and that. */
const shareHead = 3
const bufferNumbers = 500_000

/** What each series adds to the season of its fleet, one after the other. */
class SeasonShareWriter {
  readonly #path: string
  #buffer = new Float64Array(bufferNumbers)
  #filled = 0

  constructor(path: string) {
    this.#path = path
  }

  add(id: number, { quarterEnds, holidays, weekends, weeklyStrength, profile }: SeasonShare): void {
    const parts = [[id, weeklyStrength === null ? 0 : 1, weeklyStrength ?? 0], quarterEnds, holidays, weekends, profile]
    const length = parts.reduce((sum, values) => sum + values.length, 0)
    if (this.#filled + length > this.#buffer.length) this.finish()
    if (length > this.#buffer.length) this.#buffer = new Float64Array(length)
    for (const values of parts) {
      this.#buffer.set(values, this.#filled)
      this.#filled += values.length
    }
  }

  finish(): void {
    if (this.#filled === 0) return
    const file = openSync(this.#path, 'a')
    try {
      const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#filled * 8)
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    } finally {
      closeSync(file)
    }
    this.#filled = 0
  }
}

/** In the order of the series; the arrays are used again. */
export function* readSeasonShares(folder: string, calendar: SeasonCalendar): Generator<readonly [id: number, share: SeasonShare]> {
  const lengths = [shareHead, calendar.quarters.length, calendar.holidays.length, calendar.days / 7, profileCells]
  const length = lengths.reduce((sum, value) => sum + value, 0)
  const shares = new Float64Array(length * Math.max(1, Math.floor(bufferNumbers / length)))
  if (!existsSync(join(folder, files.season))) return
  const file = openSync(join(folder, files.season), 'r')
  try {
    for (;;) {
      const bytes = new Uint8Array(shares.buffer)
      let filled = 0
      for (let read = -1; read !== 0 && filled < bytes.length; filled += read)
        read = readSync(file, bytes, filled, bytes.length - filled, null)
      for (let at = 0; (at + length) * 8 <= filled; at += length) yield shareOf(shares.subarray(at, at + length), lengths)
      if (filled < bytes.length) return
    }
  } finally {
    closeSync(file)
  }
}

const shareOf = (numbers: Float64Array, lengths: readonly number[]): readonly [id: number, share: SeasonShare] => {
  let at = 0
  const [head, quarterEnds, holidays, weekends, profile] = lengths.map((length) => numbers.subarray(at, (at += length)))
  return [
    head![0]!,
    {
      quarterEnds: quarterEnds!,
      holidays: holidays!,
      weekends: weekends!,
      weeklyStrength: head![1] === 0 ? null : head![2]!,
      profile: profile!,
    },
  ]
}
