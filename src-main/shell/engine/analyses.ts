// Starts analyses for the window, chooses their run folders and companion tables, and cancels them when the app quits.
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { App } from 'electron'
import type { AnalysisSource, AnalyzeCall, ChannelResponse, Push } from '../../../src-shared/ipc/ipc-contract.ts'
import { applyReadingSettings } from '../../../src-shared/config/reading-settings.ts'
import {
  capacityTableKinds,
  companionTableKinds,
  type CapacityTableFiles,
  type CompanionTableFiles,
} from '../../../src-shared/run/capacity-tables.ts'
import type { RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { HeadroomError, toWireError } from '../../../src-shared/run/errors.ts'
import { eventsTablePath, readManifest } from '../../run-folder/read-run-folder.ts'
import type { Settings } from '../../../src-shared/config/settings.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import type { EngineProcess } from './host-process.ts'
import type { GrantedPaths } from '../ipc/granted-paths.ts'
import { inputName, inspectPath, fileExists, findCapacityTables, findCompanionTable } from '../ipc/inspect-path.ts'

/** Default number of servers in the sample. */
export const defaultSampleServers = 120
/** Larger samples skip earlier runs and breach probabilities, which take longer than the rest of the analysis. */
const maxSimulatedServers = 2000
const cancelTimeoutMs = 5000

const capacityTablesOf = ({ projects_table, drivers_table, catalogue }: RunManifest): CapacityTableFiles => ({
  ...(projects_table === null ? {} : { projects: projects_table.path }),
  ...(drivers_table === null ? {} : { drivers: drivers_table.path }),
  ...(catalogue === null ? {} : { catalogue: catalogue.path }),
})

export class Analyses {
  readonly #engine: EngineProcess
  readonly #data: DataFolder
  readonly #granted: GrantedPaths
  readonly #push: (push: Push) => void
  readonly #settings: () => Pick<Settings, 'analysis' | 'memoryLimit'>
  readonly #running = new Map<string, Promise<void>>()

  constructor(
    engine: EngineProcess,
    data: DataFolder,
    granted: GrantedPaths,
    push: (push: Push) => void,
    settings: () => Pick<Settings, 'analysis' | 'memoryLimit'>,
  ) {
    this.#engine = engine
    this.#data = data
    this.#granted = granted
    this.#push = push
    this.#settings = settings
  }

  async start(source: AnalysisSource): Promise<ChannelResponse<'analysis.start'>> {
    const analysisId = randomUUID()
    const { analysis, memoryLimit } = this.#settings()
    await mkdir(this.#data.runs, { recursive: true, mode: 0o700 })
    if (source.kind === 'sample') {
      const servers = source.servers ?? defaultSampleServers
      const isSmall = servers <= maxSimulatedServers
      const name = `sample-${servers}-servers`
      const out = join(this.#data.runs, name)
      if (await isReadableRun(out)) return { state: 'present', folder: out }
      await rm(out, { recursive: true, force: true })
      await mkdir(this.#data.samples, { recursive: true, mode: 0o700 })
      const forecasts = join(this.#data.samples, `${name}.parquet`)
      this.#run({
        analysisId,
        source: { kind: 'sample', forecasts, servers, end: process.env['HEADROOM_SAMPLE_END'] ?? null, isComplete: isSmall },
        out,
        config: { breach_probability: isSmall },
        memoryLimit,
      })
      return { state: 'started', analysisId, name: `Sample fleet, ${servers} servers`, serversTable: null, eventsTable: null }
    }
    if (source.kind === 'rerun') return this.#rerun(analysisId, source.folder)
    const inspectedPaths = await Promise.all(source.paths.map(inspectPath))
    const paths = inspectedPaths.map((inspected) => inspected.path)
    const path = paths[0]!
    const { servers, events, ...capacityTables } = absolutePaths(source.tables ?? {})
    const serversTable = servers ?? (await findCompanionTable(path, 'servers'))
    const eventsTable = events ?? (await findCompanionTable(path, 'events'))
    const out = this.#runFolder(inputName(path))
    this.#run({
      analysisId,
      source: {
        kind: 'forecast',
        paths,
        serversTable,
        eventsTable,
        capacityTables: { ...(await findCapacityTables(path)), ...capacityTables },
        model: null,
      },
      out,
      config: applyReadingSettings(analysis, source.settings),
      memoryLimit,
    })
    return { state: 'started', analysisId, name: basename(path), serversTable, eventsTable }
  }

  async #rerun(analysisId: string, folder: string): Promise<ChannelResponse<'analysis.start'>> {
    const manifest = await readManifest(folder)
    if (manifest.method !== 'headroom') {
      throw new HeadroomError('query-refused', 'The window cannot re-run an analysis by the module05 method.', {
        next: 'Use the command line: headroom analyze FORECASTS --method module05 --out FOLDER',
      })
    }
    const serversTable = manifest.servers_table?.path ?? null
    const calendarTable = eventsTablePath(folder)
    const eventsTable = (await fileExists(calendarTable)) ? calendarTable : (manifest.events_table?.path ?? null)
    const capacityTables = capacityTablesOf(manifest)
    // The manifest of a run from elsewhere may name any file.
    if (!this.#isOwnRun(folder))
      await this.#granted.require(
        manifest.inputs
          .map(({ path }) => path)
          .concat(
            serversTable ?? [],
            eventsTable ?? [],
            capacityTableKinds.flatMap((kind) => capacityTables[kind] ?? []),
          ),
      )
    const name = basename(folder).replace(/-\d{8}-\d{6}$/, '')
    this.#run({
      analysisId,
      source: {
        kind: 'forecast',
        paths: manifest.inputs.map(({ path }) => path),
        serversTable,
        eventsTable,
        capacityTables,
        model: manifest.forced_model,
      },
      out: this.#runFolder(name),
      config: manifest.config,
      memoryLimit: this.#settings().memoryLimit,
    })
    return { state: 'started', analysisId, name: `${name} (re-run)`, serversTable, eventsTable }
  }

  /** Analysed by this application: of files that the user granted then. Downloaded runs stand next to them. */
  #isOwnRun(folder: string): boolean {
    return dirname(resolve(folder)) === resolve(this.#data.runs) && !basename(folder).startsWith('cloud-')
  }

  #runFolder(name: string): string {
    return join(this.#data.runs, `${name}-${timestamp(new Date())}`)
  }

  get isAnyRunning(): boolean {
    return this.#running.size > 0
  }

  async cancel(analysisId: string): Promise<void> {
    await this.#engine.call('analysis.cancel', { analysisId })
  }

  /** Cancels all running analyses and waits at most `timeoutMs` for their clean-up. */
  async cancelAll(timeoutMs: number): Promise<void> {
    const running = [...this.#running]
    const ended = Promise.all(running.map(([analysisId, end]) => this.cancel(analysisId).then(() => end)))
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs))
    await Promise.race([ended.then(() => undefined).catch(() => undefined), timeout])
  }

  #run(call: AnalyzeCall): void {
    const { analysisId } = call
    // The engine reports the end of an analysis as an event; here only a failed call is reported.
    const end = this.#engine
      .call('analysis.run', call)
      .then(
        () => undefined,
        (error: unknown) => {
          this.#push({ type: 'analysis.event', analysisId, event: { type: 'failed', error: toWireError(error) } })
        },
      )
      .finally(() => this.#running.delete(analysisId))
    this.#running.set(analysisId, end)
  }
}

/** Cancels running analyses before the app quits, so that they remove their unfinished run folders. */
export const cancelBeforeQuit = (app: App, analyses: Analyses): void => {
  let isQuitting = false
  app.on('before-quit', (event) => {
    if (isQuitting || !analyses.isAnyRunning) return
    isQuitting = true
    event.preventDefault()
    void analyses.cancelAll(cancelTimeoutMs).finally(() => app.quit())
  })
}

/** False for a run that an older Headroom wrote in another format. */
const isReadableRun = (folder: string): Promise<boolean> =>
  readManifest(folder).then(
    () => true,
    () => false,
  )

/** 20270315-094210 in local time, for folder names. */
const timestamp = (now: Date): string => {
  const pad = (value: number): string => String(value).padStart(2, '0')
  return (
    `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}` +
    `-${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`
  )
}

const absolutePaths = (tables: CompanionTableFiles): CompanionTableFiles =>
  Object.fromEntries(companionTableKinds.flatMap((kind) => (tables[kind] === undefined ? [] : [[kind, resolve(tables[kind])]])))
