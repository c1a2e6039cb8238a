// Handlers of the engine process, one per channel. Modules of the first view load with the process, the others at first use.
import type { ChannelResponse, ChannelServedBy, Handlers } from '../../src-shared/ipc/ipc-contract.ts'
import type { Post } from '../ipc/serve-requests.ts'
import { findChangedFiles } from '../run-folder/changed-files.ts'
import { readRunFolder } from '../run-folder/read-run-folder.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { today } from '../run-folder/today.ts'
import { runQueries } from '../queries/run-queries.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { AnalysisRunner } from './analysis-runner.ts'
import { Histories } from './histories.ts'
import { Inspections } from './inspections.ts'
import { LongReadings } from './long-readings.ts'
import { OpenRuns } from './open-runs.ts'
import { WhatIfSessions } from './what-if-sessions.ts'

type EngineChannel = ChannelServedBy<'engine'>
type RunQueryChannel = keyof typeof runQueries

export const createEngineHandlers = (post: Post): Handlers<EngineChannel> => {
  const runs = new OpenRuns()
  const whatIf = new WhatIfSessions(runs)
  const inspections = new Inspections()
  const readings = new LongReadings()
  const histories = new Histories(async (request) => (await import('./history-for-window.ts')).historyForWindow(request))
  const analyses = new AnalysisRunner((analysisId, event) => post({ type: 'event', analysisId, event }))
  const handlers: Handlers<Exclude<EngineChannel, RunQueryChannel>> = {
    'analysis.run': async (call) => {
      await analyses.run(call)
      return {}
    },
    'analysis.cancel': async ({ analysisId }) => {
      analyses.cancel(analysisId)
      return {}
    },
    'forecasts.plan': async ({ serversTable, model, ...request }) => {
      const { planSparkJob } = await import('../engine/spark/plan-spark-job.ts')
      await planSparkJob({ ...request, serversTable: serversTable ?? undefined, model: model ?? undefined })
      return {}
    },
    'measurements.assemble': async (call) => {
      const { assembleMeasurements } = await import('../sources/assemble-measurements.ts')
      const { databaseMemory, parseMemoryLimit } = await import('../engine/resource-limits.ts')
      return assembleMeasurements({ ...call, memoryLimit: databaseMemory(parseMemoryLimit(undefined)) })
    },
    'tables.check': async ({ serversTable, eventsTable, capacityTables, config }) => {
      const { validateTables } = await import('../forecasts/servers-table.ts')
      const { validateCapacityTables } = await import('../engine/capacity/assess-capacity.ts')
      const { parseConfig } = await import('../config/parse-config.ts')
      const settings = parseConfig(config, 'headroom')
      await validateTables({
        serversTable: serversTable ?? undefined,
        eventsTable: eventsTable ?? undefined,
        config: settings,
      })
      await validateCapacityTables(capacityTables, settings)
      return {}
    },
    'config.check': async ({ settings }) => {
      const { parseConfig } = await import('../config/parse-config.ts')
      parseConfig(settings, 'headroom')
      return {}
    },
    'config.read': async ({ path }) => (await import('../config/config-file.ts')).previewConfigFile(path),
    'forecasts.columns': async ({ paths }) => (await import('../engine/describe-columns.ts')).describeColumns(paths),
    'forecasts.inspect': ({ paths, config, extent }) => inspections.inspect({ inputs: paths, config, extent }),
    'inspection.progress': async () => ({ share: inspections.progress }),
    'inspection.cancel': async () => {
      inspections.cancel()
      return {}
    },
    'run.open': ({ folder }) => openAndPrepare(runs, folder),
    'run.verify': async ({ folder }) => {
      const run = await readRunFolder(folder)
      return { changed: run.kind === 'headroom' ? await findChangedFiles(run.folder, run.manifest.files) : [] }
    },
    'decisions.save': async ({ folder, decisions }) => {
      const { saveDecisions } = await import('../notes/decisions.ts')
      const { readStatedRisks } = await import('../queries/recommendations/stated-risks.ts')
      await runs.query(folder, async (run) => {
        const stated = await readStatedRisks(
          run.database,
          decisions.map(({ server_id }) => server_id),
        )
        const probabilities = new Map(
          [...stated].flatMap(([server, { probability }]) => (probability === null ? [] : [[server, probability]])),
        )
        await saveDecisions(run.contents.folder, decisions, new Date(), systemUser(), probabilities)
      })
      return {}
    },
    'decisions.remove': async ({ folder, decisions }) => {
      await runs.query(folder, async (run) =>
        (await import('../notes/decisions.ts')).withdrawDecisions(run.contents.folder, decisions, new Date(), systemUser()),
      )
      return {}
    },
    'scenarios.list': async ({ folder }) => (await import('../notes/planner-notes.ts')).readSavedScenarios(folder),
    'scenarios.save': async ({ folder, scenarios }) => {
      const { saveScenarios } = await import('../notes/planner-notes.ts')
      await saveScenarios(folder, scenarios)
      return {}
    },
    'scenario-choices.get': ({ folder }) => whatIf.choices(folder),
    'scenario.evaluate': (request) => whatIf.evaluate(request),
    'events.list': ({ folder }) => runs.query(folder, async (run) => (await runEvents()).readRunEvents(run)),
    'events.save': ({ folder, lines }) => runs.query(folder, async (run) => (await runEvents()).saveRunEvents(run, lines)),
    'server-events.list': ({ folder, serverId }) => runs.query(folder, async (run) => (await runEvents()).readServerEvents(run, serverId)),
    'runs.compare': (request) =>
      readings.read(async (options) => (await import('./compare-for-window.ts')).compareForWindow(request, options)),
    'history.get': (request) => histories.get(request),
    'run.reconcile': ({ folder }) =>
      readings.read(async (options) => (await import('../queries/reconcile/reconcile-run.ts')).reconcileRun(folder, options)),
    'reading.progress': async () => ({ progress: readings.progress }),
    'reading.cancel': async () => {
      readings.cancel()
      return {}
    },
    'rows.write': (request) =>
      runs.query(request.folder, async (run) => (await import('../report/export-rows.ts')).exportRows(run, request)),
    'report.write': ({ folder, format, ...target }) =>
      runs.query(folder, async (run) => {
        const { writeReport } = await import('../report/write-report.ts')
        await writeReport(run, format, target, systemUser())
        return { path: target.path }
      }),
    'pack.write': async ({ folder, fleetOf, path }) => {
      const { writePack } = await import('../report/pack/write-pack.ts')
      await writePack(folder, [path], { author: systemUser(), approver: '' }, { fleetOf: fleetOf ?? undefined, asOf: today() })
      return { path }
    },
  }
  return { ...handlers, ...createQueryHandlers(runs) }
}

/** Every query runs on its run's database, after those that were sent before. */
const createQueryHandlers = (runs: OpenRuns): Handlers<RunQueryChannel> =>
  Object.fromEntries(
    Object.entries(runQueries).map(([channel, query]) => [
      channel,
      (request: { readonly folder: string }) => runs.query(request.folder, (run) => (query as AnyRunQuery)(run, request)),
    ]),
  ) as unknown as Handlers<RunQueryChannel>

type AnyRunQuery = (run: OpenRun, request: unknown) => Promise<unknown>

const runEvents = () => import('../notes/run-events.ts')

const openAndPrepare = async (runs: OpenRuns, folder: string): Promise<ChannelResponse<'run.open'>> => {
  const run = await runs.reopen(folder)
  // The charts request them later and report a failure then.
  setImmediate(() => void run.holidayNames().catch(() => undefined))
  return run.overview
}
