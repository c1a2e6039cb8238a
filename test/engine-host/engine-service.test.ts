// The border between the main process and the engine's process: parsed on arrival, every failure an answer.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeSampleFleet } from '../fixtures/sample-run.ts'
import { createEngineService } from '../../src-main/engine-host/engine-service.ts'
import { engineReportSchema, type EngineReport } from '../../src-shared/ipc/engine-contract.ts'

const ask = async (message: unknown): Promise<EngineReport[]> => {
  const reports: EngineReport[] = []
  await createEngineService((report) => reports.push(report))(message)
  return reports.map((report) => engineReportSchema.parse(structuredClone(report)))
}

describe('the engine process', () => {
  it('refuses calls it does not know and payloads that do not fit', async () => {
    expect(await ask({ id: 1, call: 'run.delete', payload: {} })).toMatchObject([{ type: 'refusal', id: 1 }])
    expect(await ask({ id: 2, call: 'constructor', payload: {} })).toMatchObject([{ type: 'refusal', id: 2 }])
    expect(await ask({ id: 3, call: 'run.open', payload: { folder: '' } })).toMatchObject([{ type: 'refusal', id: 3 }])
    expect(await ask({ id: 4, call: 'heatmap.get', payload: { folder: '/x' } })).toMatchObject([{ type: 'refusal', id: 4 }])
  })

  it('answers a folder that is no run with its error code', async () => {
    expect(await ask({ id: 5, call: 'run.open', payload: { folder: '/nowhere/at/all' } })).toMatchObject([
      { type: 'refusal', id: 5, error: { code: 'run-not-found' } },
    ])
  })

  it('takes the cancelling of an analysis that has ended for done', async () => {
    expect(await ask({ id: 6, call: 'analysis.cancel', payload: { analysisId: 'long-gone' } })).toEqual([
      { type: 'answer', id: 6, ok: true, value: {} },
    ])
  })

  it('ends a failing analysis with one event that says why', async () => {
    const reports = await ask({
      id: 7,
      call: 'analysis.run',
      payload: {
        analysisId: 'a',
        source: { kind: 'forecast', paths: ['/nowhere.parquet'], serversTable: null, eventsTable: null, model: null },
        out: join(tmpdir(), 'headroom-never-made', 'run'),
        config: {},
        memoryLimit: null,
      },
    })
    const ends = reports.filter((report) => report.type === 'event' && ['finished', 'failed', 'cancelled'].includes(report.event.type))
    expect(ends).toMatchObject([{ event: { type: 'failed', error: { code: 'input-not-found' } } }])
    expect(reports.at(-1)).toEqual({ type: 'answer', id: 7, ok: true, value: {} })
  })

  it('holds an analysis to the memory it is given: nothing fits into a megabyte', async () => {
    const fleet = await makeSampleFleet(3)
    try {
      const reports = await ask({
        id: 8,
        call: 'analysis.run',
        payload: {
          analysisId: 'b',
          source: { kind: 'forecast', paths: [fleet.forecasts], serversTable: null, eventsTable: null, model: null },
          out: fleet.run,
          config: {},
          memoryLimit: '1MB',
        },
      })
      expect(reports.find((report) => report.type === 'event' && report.event.type === 'failed')).toMatchObject({
        event: { error: { code: 'memory-exceeded' } },
      })
    } finally {
      await fleet.remove()
    }
  })
})
