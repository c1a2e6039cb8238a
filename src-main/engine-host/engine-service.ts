// Answers the calls of the engine contract: every request is parsed, every failure becomes a wire error.
import {
  engineCalls,
  engineMessageSchema,
  isEngineCall,
  type EngineCall,
  type EngineReport,
  type EngineRequest,
  type EngineResponse,
} from '../../src-shared/ipc/engine-contract.ts'
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'
import { queryClusterProfiles, queryClusters, queryServersInside } from '../queries/fleet/clusters-query.ts'
import { saveDecisions, withdrawDecisions } from '../notes/decisions.ts'
import { saveScenarios, readSavedScenarios } from '../notes/planner-notes.ts'
import { queryHeatmap } from '../queries/heatmap/heatmap-query.ts'
import { queryFilterChoices } from '../queries/fleet/filter-choices-query.ts'
import { queryFleet } from '../queries/fleet/fleet-query.ts'
import { queryModelAccuracy } from '../queries/fleet/models-query.ts'
import { queryHostLoad, queryPacking } from '../queries/recommendations/packing-query.ts'
import { queryRecommendations } from '../queries/recommendations/recommendations-query.ts'
import { querySeason } from '../queries/fleet/season-query.ts'
import { queryServer } from '../queries/servers/server-query.ts'
import { queryServers } from '../queries/servers/servers-query.ts'
import { OpenRuns } from './open-runs.ts'
import { AnalysisRunner } from './analysis-runner.ts'
import { WhatIfSessions } from './what-if-sessions.ts'

type EngineHandlers = { readonly [Call in EngineCall]: (request: EngineRequest<Call>) => Promise<EngineResponse<Call>> }

/** Gives the function that takes a message and posts its answer. */
export const createEngineService = (post: (report: EngineReport) => void): ((message: unknown) => Promise<void>) => {
  const runs = new OpenRuns()
  const whatIf = new WhatIfSessions(runs)
  const analyses = new AnalysisRunner((analysisId, event) => post({ type: 'event', analysisId, event }))
  const handlers: EngineHandlers = {
    'analysis.run': async (call) => {
      await analyses.run(call)
      return {}
    },
    'analysis.cancel': async ({ analysisId }) => {
      analyses.cancel(analysisId)
      return {}
    },
    'forecasts.plan': async ({ serversTable, model, ...request }) => {
      const { planSparkJob: planForecasts } = await import('../engine/spark/plan-spark-job.ts')
      await planForecasts({ ...request, serversTable: serversTable ?? undefined, model: model ?? undefined })
      return {}
    },
    'tables.check': async ({ serversTable, eventsTable }) => {
      const { validateTables: checkTables } = await import('../forecasts/check-tables.ts')
      await checkTables({ serversTable: serversTable ?? undefined, eventsTable: eventsTable ?? undefined })
      return {}
    },
    'run.open': async ({ folder }) => await openAndPrepare(runs, folder),
    'heatmap.get': (request) => runs.query(request.folder, (run) => queryHeatmap(run, request)),
    'clusters.get': (request) => runs.query(request.folder, (run) => queryClusters(run, request)),
    'clusters.select': (request) => runs.query(request.folder, (run) => queryServersInside(run, request)),
    'server.get': (request) => runs.query(request.folder, (run) => queryServer(run, request)),
    'cluster-profiles.get': ({ folder }) => runs.query(folder, queryClusterProfiles),
    'filter-choices.get': ({ folder }) => runs.query(folder, queryFilterChoices),
    'fleet.get': (request) => runs.query(request.folder, (run) => queryFleet(run, request)),
    'servers.list': (request) => runs.query(request.folder, (run) => queryServers(run, request)),
    'season.get': (request) => runs.query(request.folder, (run) => querySeason(run, request)),
    'models.list': ({ folder }) => runs.query(folder, queryModelAccuracy),
    'recommendations.list': (request) => runs.query(request.folder, (run) => queryRecommendations(run, request)),
    'packing.list': (request) => runs.query(request.folder, (run) => queryPacking(run, request)),
    'host-load.get': (request) => runs.query(request.folder, (run) => queryHostLoad(run, request)),
    'decisions.save': ({ folder, decisions }) =>
      runs.query(folder, (run) => saveDecisions(run.contents.folder, decisions, new Date()).then(emptyResponse)),
    'decisions.remove': ({ folder, servers }) =>
      runs.query(folder, (run) => withdrawDecisions(run.contents.folder, servers).then(emptyResponse)),
    'scenarios.list': ({ folder }) => readSavedScenarios(folder),
    'scenarios.save': ({ folder, scenarios }) => saveScenarios(folder, scenarios).then(emptyResponse),
    'events.list': ({ folder }) => runs.query(folder, async (run) => (await runEvents()).readRunEvents(run)),
    'events.save': ({ folder, lines }) => runs.query(folder, async (run) => (await runEvents()).saveRunEvents(run, lines)),
    'server-events.list': ({ folder, serverId }) => runs.query(folder, async (run) => (await runEvents()).readServerEvents(run, serverId)),
    'runs.compare': async (request) => (await import('./compare-for-window.ts')).compareForWindow(request),
    'run.reconcile': async ({ folder }) => (await import('../queries/reconcile/reconcile-run.ts')).reconcileRun(folder),
    'rows.write': (request) =>
      runs.query(request.folder, async (run) => (await import('../report/export-rows.ts')).exportRows(run, request)),
    'report.write': ({ folder, format, path }) =>
      runs.query(folder, async (run) => {
        await (await import('../report/write-report.ts')).writeReport(run, format, path)
        return { path }
      }),
    'config.check': async ({ settings }) => {
      const { parseConfig } = await import('../engine/parse-config.ts')
      parseConfig(settings, 'headroom')
      return {}
    },
    'config.read': async ({ path }) => (await import('../engine/config-file.ts')).previewConfigFile(path),
    'scenario-choices.get': ({ folder }) => whatIf.choices(folder),
    'scenario.evaluate': (request) => whatIf.evaluate(request),
  }
  return async (message) => {
    const { id, call, payload } = engineMessageSchema.parse(message)
    try {
      if (!isEngineCall(call)) throw new HeadroomError('internal', `The engine knows no call "${call}".`)
      post({ type: 'answer', id, ok: true, value: await dispatch(handlers, call, payload) })
    } catch (thrown) {
      post({ type: 'refusal', id, ok: false, error: toWireError(thrown) })
    }
  }
}

/** What the first view needs is loaded with the process; the rest when it is asked for. */
const runEvents = () => import('../notes/run-events.ts')

const openAndPrepare = async (runs: OpenRuns, folder: string): Promise<EngineResponse<'run.open'>> => {
  const run = await runs.reopen(folder)
  // The charts will ask for them; a failure is told there.
  setImmediate(() => void run.holidayNames().catch(() => undefined))
  return run.overview
}

const emptyResponse = (): Record<string, never> => ({})

const dispatch = async <Call extends EngineCall>(handlers: EngineHandlers, call: Call, payload: unknown): Promise<EngineResponse<Call>> =>
  handlers[call](engineCalls[call].request.parse(payload) as EngineRequest<Call>)
