// Answers the calls of the engine contract: every request is parsed, every failure becomes a wire error.
import {
  engineCalls,
  engineMessageSchema,
  isEngineCall,
  type EngineCall,
  type EngineReport,
  type EngineRequest,
  type EngineResponse,
} from '../../src-shared/engine-contract.ts'
import { HeadroomError, toWireError } from '../../src-shared/errors.ts'
import { queryClusters } from '../queries/clusters-query.ts'
import { queryHeatmap } from '../queries/heatmap-query.ts'
import { queryServer } from '../queries/server-query.ts'
import { OpenRuns } from './open-runs.ts'
import { RunningAnalyses } from './run-analyses.ts'
import { WhatIfSessions } from './what-if-sessions.ts'

type EngineHandlers = { readonly [Call in EngineCall]: (request: EngineRequest<Call>) => Promise<EngineResponse<Call>> }

/** Gives the function that takes a message and posts its answer. */
export const makeEngineService = (post: (report: EngineReport) => void): ((message: unknown) => Promise<void>) => {
  const runs = new OpenRuns()
  const whatIf = new WhatIfSessions(runs)
  const analyses = new RunningAnalyses((analysisId, event) => post({ type: 'event', analysisId, event }))
  const handlers: EngineHandlers = {
    'analysis.run': async (call) => {
      await analyses.run(call)
      return {}
    },
    'analysis.cancel': async ({ analysisId }) => {
      analyses.cancel(analysisId)
      return {}
    },
    'run.open': async ({ folder }) => (await runs.reopen(folder)).overview,
    'run.heatmap': (request) => runs.query(request.folder, (run) => queryHeatmap(run, request)),
    'run.clusters': (request) => runs.query(request.folder, (run) => queryClusters(run, request)),
    'run.server': (request) => runs.query(request.folder, (run) => queryServer(run, request)),
    'run.what-if-choices': ({ folder }) => whatIf.choices(folder),
    'run.what-if': (request) => whatIf.answer(request),
  }
  return async (message) => {
    const { id, call, payload } = engineMessageSchema.parse(message)
    try {
      if (!isEngineCall(call)) throw new HeadroomError('internal', `The engine knows no call "${call}".`)
      post({ type: 'answer', id, ok: true, value: await handle(handlers, call, payload) })
    } catch (thrown) {
      post({ type: 'refusal', id, ok: false, error: toWireError(thrown) })
    }
  }
}

const handle = async <Call extends EngineCall>(handlers: EngineHandlers, call: Call, payload: unknown): Promise<EngineResponse<Call>> =>
  handlers[call](engineCalls[call].request.parse(payload) as EngineRequest<Call>)
