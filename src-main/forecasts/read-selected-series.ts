// Reads series.parquet of a run: the selected models' values, group by group, and the marked days.
import { dirname } from 'node:path'
import { z } from 'zod'
import { markedDaySchema, markedDaysNote, type MarkedDay } from '../../src-shared/artefacts/selected-series.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'
import { PlainReader, type PlainGroup, type PlainLists, type TextPage } from '../parquet/plain-reader.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'

/** The times of some series, microseconds since 1970. */
interface SeriesTimes {
  /** 0: `times` holds all times of the series; else its first alone. */
  readonly stepsUs: Float64Array
  readonly times: PlainLists<Float64Array>
}

/** Rows of one metric. */
export interface SeriesGroup extends SeriesTimes {
  readonly rows: number
  /** Rows of server_risk by server and metric, and places of the servers by name; both from 0. */
  readonly seriesNumbers: Int32Array
  readonly serverNumbers: Int32Array
  readonly horizon: PlainLists<Float64Array>
  /** Values before the horizon: numbers of their lists. */
  readonly historyOffsets: Uint32Array
}

export interface WholeSeriesGroup extends SeriesGroup {
  readonly history: PlainLists<Float32Array>
}

/** The time of value `index` of a row: its history, then its horizon. */
export const seriesTimeUs = ({ stepsUs, times }: SeriesTimes, row: number, index: number): number =>
  stepsUs[row]! > 0 ? times.values[times.offsets[row]!]! + index * stepsUs[row]! : times.values[times.offsets[row]! + index]!

/** A number for the time of each value of a row: its history, then its horizon. */
export type TimeIndexReader = (group: WholeSeriesGroup, row: number) => Int32Array

/** Most series have the times of their neighbour, whose numbers are returned again. */
export const timeIndexReader = (indexAt: (timeUs: number) => number): TimeIndexReader => {
  let [lastStart, lastStep] = [Number.NaN, 0]
  let indexes = new Int32Array(0)
  return (group, row) => {
    const { history, horizon, stepsUs } = group
    const count = history.offsets[row + 1]! - history.offsets[row]! + horizon.offsets[row + 1]! - horizon.offsets[row]!
    const step = stepsUs[row]!
    const start = count === 0 ? Number.NaN : seriesTimeUs(group, row, 0)
    if (step > 0 && step === lastStep && start === lastStart && count === indexes.length) return indexes
    indexes = Int32Array.from({ length: count }, (_, index) => indexAt(seriesTimeUs(group, row, index)))
    ;[lastStart, lastStep] = [start, step]
    return indexes
  }
}

/** `path`: of the series.parquet that numbers other servers than the run has. */
export const filesDisagree = (path: string): HeadroomError =>
  new HeadroomError('run-damaged', `The files of the run in ${dirname(path)} do not fit each other.`, {
    next: 'Download or analyse the run again.',
  })

/** Hands over all groups with the horizons alone. Throws run-damaged. */
export const scanHorizons = (path: string, onGroup: (group: SeriesGroup) => void): Promise<void> =>
  readingSeries(path, async (reader) => {
    for (const group of reader.groups) {
      onGroup(await readRows(reader, group, await reader.listOffsets(group, 'history', 'float')))
    }
  })

/** The servers of the file by number, as it holds them. */
export interface SeriesServers {
  readonly servers: number
  readonly nameOf: (server: number) => string
  /** The series of server i, numbered by server and metric: firstSeries[i] up to firstSeries[i + 1]. */
  readonly firstSeries: Uint32Array
}

/** Throws run-damaged. */
export const readSeriesServers = (path: string): Promise<SeriesServers> =>
  readingSeries(path, async (reader) => {
    const series = reader.groups.reduce((sum, { rows }) => sum + rows, 0)
    const serverOf = new Int32Array(series).fill(-1)
    // Of each server: its first page, and where its name is in it.
    const pages: TextPage[] = []
    const [pageOf, rowOf] = [new Int32Array(series).fill(-1), new Uint32Array(series)]
    for (const group of reader.groups) {
      const [seriesNumbers, serverNumbers] = [await reader.wholes(group, 'series_number'), await reader.wholes(group, 'server_number')]
      const page = await reader.textPage(group, 'server_id')
      let isNeeded = false
      for (let row = 0; row < group.rows; row++) {
        const [number, server] = [seriesNumbers[row]!, serverNumbers[row]!]
        if (serverOf[number] !== -1 || server < 0 || server >= series) throw filesDisagree(path)
        serverOf[number] = server
        if (pageOf[server] !== -1) continue
        pageOf[server] = pages.length
        rowOf[server] = row
        isNeeded = true
      }
      if (isNeeded) pages.push(page)
    }
    const servers = pageOf.indexOf(-1) === -1 ? series : pageOf.indexOf(-1)
    const firstSeries = new Uint32Array(servers + 1).fill(series)
    for (let number = 0; number < series; number++) {
      const before = number === 0 ? -1 : serverOf[number - 1]!
      if (serverOf[number] !== before && serverOf[number] !== before + 1) throw filesDisagree(path)
      if (serverOf[number] !== before) firstSeries[serverOf[number]!] = number
    }
    return { servers, nameOf: (server) => pages[pageOf[server]!]!.text(rowOf[server]!), firstSeries }
  })

/** Hands over the groups of a metric. Throws run-damaged. */
export const scanSelectedSeries = (path: string, metric: string, onGroup: (group: WholeSeriesGroup) => void): Promise<void> =>
  readingSeries(path, async (reader) => {
    for (const group of reader.groups) {
      const range = group.chunks.get('metric')?.range
      if (range?.least !== metric || range.greatest !== metric) continue
      const history = await reader.floatLists(group, 'history')
      onGroup({ ...(await readRows(reader, group, history.offsets)), history })
    }
  })

const markedDaysSchema = z.array(z.object({ metric: z.string(), days: z.array(markedDaySchema) }))

/** The marked days of a metric. Throws run-damaged. */
export const readMarkedDays = (path: string, metric: string): Promise<MarkedDay[]> =>
  readingSeries(path, async (reader) => {
    const notes = markedDaysSchema.safeParse(tryParseJson(reader.note(markedDaysNote) ?? ''))
    const days = notes.data?.find((note) => note.metric === metric)?.days
    if (days === undefined) throw new ThriftError(`the file notes no days of ${metric}`)
    return days
  })

const readRows = async (reader: PlainReader, group: PlainGroup, historyOffsets: Uint32Array): Promise<SeriesGroup> => {
  const [stepsUs, times] = [await reader.longs(group, 'step_us'), await reader.timeLists(group, 'times')]
  const horizon = await reader.doubleLists(group, 'horizon')
  for (let row = 0; row < group.rows; row++) {
    const values = historyOffsets[row + 1]! - historyOffsets[row]! + horizon.offsets[row + 1]! - horizon.offsets[row]!
    const stated = stepsUs[row]! > 0 ? Math.min(values, 1) : values
    if (times.offsets[row + 1]! - times.offsets[row]! !== stated) throw new ThriftError('a series has other times than values')
  }
  return {
    rows: group.rows,
    seriesNumbers: await reader.wholes(group, 'series_number'),
    serverNumbers: await reader.wholes(group, 'server_number'),
    stepsUs,
    times,
    horizon,
    historyOffsets,
  }
}

const readingSeries = async <Value>(path: string, work: (reader: PlainReader) => Promise<Value>): Promise<Value> => {
  try {
    const reader = await PlainReader.open(path)
    try {
      return await work(reader)
    } finally {
      await reader.close()
    }
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  }
}
