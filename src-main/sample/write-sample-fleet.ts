// Writes sample forecasts or measurements of a bank's servers and their servers table: seeded, with the same bytes on any number of threads.
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { sampleWeeksEarlier } from '../../src-shared/run/sample-runs.ts'
import { Database, literal } from '../database/database.ts'
import { cadences, stepsOf, type Granularity } from './sample-calendar.ts'
import { sampleModels } from './sample-models.ts'
import {
  completeRowsSql,
  createSampleTables,
  earlierRowsSql,
  forecastRowsSql,
  measuredRowsSql,
  serversPerPartsFile,
  truthRowsSql,
  writeParts,
} from './sample-rows.ts'
import { serversTableSql } from './sample-servers.ts'

export interface SampleFleetRequest {
  /** 1 to 1,000,000. */
  readonly servers: number
  /** Parquet file to write; the servers table is written next to it as `NAME.servers.csv`. Files of these names are replaced. */
  readonly out: string
  readonly granularity: Granularity
  /** YYYY-MM-DD: the last measured day; the horizon begins the day after. */
  readonly end: string
  /**
   * YYYY-MM-DD, up to five years before `end`, and `end` by default: the last measured day of the fleet's first sample. Samples of the same
   * first end are one fleet over time: what two of them measure is the same.
   */
  readonly firstEnd?: string | undefined
  /** 0 to 4,294,967,295. */
  readonly seed: number
  /**
   * Measurements alone have the columns `server_id`, `timestamp`, `actual`. A complete sample, daily only, has two metrics, an
   * event as `NAME.events.csv`, and the forecasts of some weeks earlier as `N-weeks-earlier/NAME.parquet`.
   */
  readonly contents?: 'forecasts' | 'measurements' | 'complete' | undefined
  /** Parquet file for the true values of the horizon: `server_id`, `timestamp`, `actual`. */
  readonly includeTruth?: string | undefined
  readonly threads?: number | undefined
}

export interface SampleWork {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: { type: 'step'; label: string; progress: number }) => void) | undefined
}

export interface SampleFleet {
  readonly forecasts: string
  readonly serversTable: string
  readonly rows: number
  /** Of a complete sample. */
  readonly eventsTable?: string
  /** Of a complete sample, the earliest first. */
  readonly earlier?: readonly EarlierForecasts[]
}

interface EarlierForecasts {
  readonly weeks: number
  readonly forecasts: string
}

/** The writer waits rather than buffer more than this; a fleet of any size fits. */
const memoryLimit = '1GB'

/** Five years, in which the trends of a fleet stay plausible. */
const maxLaterDays = 1826

/** Bloom filters would be held in memory until the file is complete, 130 KB for every row group. */
const parquetOptions = 'FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false'

/** Throws HeadroomError `usage` for what cannot be written. Cancelled or failed, it leaves no file behind. */
export const writeSampleFleet = async (request: SampleFleetRequest, work: SampleWork = {}): Promise<SampleFleet> => {
  assertWholeNumber('The number of servers', request.servers, 1, 1_000_000)
  assertWholeNumber('The seed', request.seed, 0, 0xffff_ffff)
  assertDay('--end', request.end)
  const firstEnd = request.firstEnd ?? request.end
  assertDay('--first-end', firstEnd)
  const laterDays = (Date.parse(request.end) - Date.parse(firstEnd)) / 86_400_000
  if (laterDays < 0 || laterDays > maxLaterDays)
    throw new HeadroomError('usage', `--first-end must be a day of the five years up to ${request.end}, not ${firstEnd}.`)
  const forecasts = await parquetTarget(request.out)
  const truth = request.includeTruth === undefined ? undefined : await parquetTarget(request.includeTruth)
  if (truth === forecasts) throw new HeadroomError('usage', 'The forecasts and the truth need two files.')
  const serversTable = forecasts.replace(/\.parquet$/, '.servers.csv')

  const base = cadences[request.granularity]
  const cadence = { ...base, firstStep: (laterDays * 24) / base.stepHours }
  const isMeasured = request.contents === 'measurements'
  const label = isMeasured ? 'Writing measurements' : 'Writing forecasts'
  const isComplete = request.contents === 'complete'
  if (isComplete && request.granularity !== 'daily') throw new HeadroomError('usage', 'A complete sample is daily.')
  const eventsTable = forecasts.replace(/\.parquet$/, '.events.csv')
  const earlier = isComplete ? sampleWeeksEarlier.map((weeks) => ({ weeks, forecasts: earlierForecasts(forecasts, weeks) })) : []
  const rowsSql = isMeasured ? measuredRowsSql : isComplete ? completeRowsSql : forecastRowsSql
  const report = (label: string, progress: number) => work.onEvent?.({ type: 'step', label, progress })
  const parts = Array.from({ length: Math.ceil(request.servers / serversPerPartsFile) }, (_, index) =>
    partialOf(forecasts, `parts-${index}`),
  )
  const targets = [serversTable, ...(truth === undefined ? [] : [truth])]
  if (isComplete) targets.push(eventsTable, ...earlier.map((dataset) => dataset.forecasts))
  const files = [...targets, forecasts].map((target) => ({
    target,
    partial: partialOf(target, 'partial'),
  }))
  const partialPathOf = (target: string): string => files.find((file) => file.target === target)?.partial ?? target
  const partialFor = (target: string): string => literal(partialPathOf(target))

  let database: Database | undefined
  try {
    report('Describing the servers', 0)
    database = await Database.open({ signal: work.signal, threads: request.threads, memoryLimit, tracksProgress: true })
    await createSampleTables(database, request.servers, cadence, firstEnd)
    await database.run(`COPY (${serversTableSql(request.seed)}) TO ${partialFor(serversTable)} (FORMAT csv, HEADER)`)
    await writeParts(database, parts, cadence)

    const stopPolling = pollProgress(database, (share) => report(label, 0.05 + 0.9 * share))
    try {
      await database.run(`COPY (${rowsSql(parts, cadence, request.seed)}) TO ${partialFor(forecasts)} (${parquetOptions})`)
    } finally {
      stopPolling()
    }
    if (truth !== undefined) {
      report('Writing the truth', 0.95)
      await database.run(`COPY (${truthRowsSql(parts, cadence, request.seed)}) TO ${partialFor(truth)} (${parquetOptions})`)
    }
    if (isComplete) {
      await writeFile(partialPathOf(eventsTable), sampleEvents(request.end))
      for (const dataset of earlier) {
        await mkdir(dirname(dataset.forecasts), { recursive: true })
        const rows = earlierRowsSql(partialPathOf(forecasts), request.end, dataset.weeks, cadence)
        await database.run(`COPY (${rows}) TO ${partialFor(dataset.forecasts)} (${parquetOptions})`)
      }
    }
    if (work.signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
    for (const { partial, target } of files) await rename(partial, target)
  } catch (thrown) {
    if (!(thrown instanceof HeadroomError) || thrown.code !== 'file-not-written') throw thrown
    throw new HeadroomError('usage', `The folder ${dirname(forecasts)} cannot be written to.`, {
      next: 'Choose a folder that you may write to.',
      cause: thrown,
    })
  } finally {
    database?.close()
    await Promise.all([...parts, ...files.map(({ partial }) => partial)].map((path) => rm(path, { force: true })))
  }
  report(label, 1)
  const rowsPerServer = isMeasured ? cadence.backtestSteps : sampleModels.length * stepsOf(cadence) * (isComplete ? 2 : 1)
  return { forecasts, serversTable, rows: request.servers * rowsPerServer, ...(isComplete ? { eventsTable, earlier } : {}) }
}

const earlierForecasts = (forecasts: string, weeks: number): string =>
  join(dirname(forecasts), `${weeks}-weeks-earlier`, basename(forecasts))

/** Four weeks of a campaign, three weeks into the horizon. */
const sampleEvents = (end: string): string => {
  const dayAfterEnd = (days: number): string => new Date(Date.parse(end) + days * 86_400_000).toISOString().slice(0, 10)
  const fields = [dayAfterEnd(21), dayAfterEnd(48), '', 'business_unit=Retail', 'cpu_p95', '+6 points', 'Card campaign']
  return `from,to,servers,group,metric,effect,note\n${fields.join(',')}\n`
}

const assertWholeNumber = (label: string, value: number, minimum: number, maximum: number): void => {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new HeadroomError('usage', `${label} must be a whole number from ${minimum} to ${maximum}, not ${value}.`)
  }
}

const assertDay = (option: string, day: string): void => {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)
  if (!isDay || day < '1980' || day > '2100') {
    throw new HeadroomError('usage', `${option} must be a day from 1980 to 2099 such as 2026-11-22, not ${day}.`)
  }
}

const parquetTarget = async (path: string): Promise<string> => {
  if (!path.endsWith('.parquet')) throw new HeadroomError('usage', `${path} must end in .parquet.`)
  const target = resolve(path)
  const existing = await stat(target).catch(() => undefined)
  if (existing?.isDirectory() === true) throw new HeadroomError('usage', `${target} is a folder.`)
  const folder = await stat(dirname(target)).catch(() => undefined)
  if (folder?.isDirectory() !== true) {
    throw new HeadroomError('usage', `The folder ${dirname(target)} does not exist.`, {
      next: 'Create it and run again.',
    })
  }
  return target
}

const partialOf = (target: string, kind: string): string =>
  join(dirname(target), `.${basename(target)}.${randomUUID().slice(0, 8)}.${kind}`)

/** Reports how far the running query is, until the returned function is called. */
const pollProgress = (database: Database, onShare: (share: number) => void): (() => void) => {
  let highestShare = 0
  const timer = setInterval(() => {
    highestShare = Math.max(highestShare, Math.min(1, database.progress()))
    onShare(highestShare)
  }, 250)
  return () => clearInterval(timer)
}
