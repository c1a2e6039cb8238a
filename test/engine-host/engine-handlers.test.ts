// The border between the main process and the engine process: every request is parsed, every failure is a response.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeSampleFleet } from '../fixtures/sample-run.ts'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleMessage } from '../../src-main/ipc/serve-requests.ts'
import { hostMessageSchema, type HostMessage } from '../../src-shared/ipc/envelope.ts'

const send = async (message: unknown): Promise<HostMessage[]> => {
  const posted: HostMessage[] = []
  const post = (report: HostMessage): void => void posted.push(report)
  await handleMessage(createEngineHandlers(post), post, message)
  return posted.map((report) => hostMessageSchema.parse(structuredClone(report)))
}

describe('the engine process', () => {
  it('refuses channels that it does not serve and payloads that do not fit', async () => {
    expect(await send({ id: 1, channel: 'run.delete', payload: {} })).toMatchObject([
      { type: 'response', id: 1, response: { ok: false, error: { code: 'internal' } } },
    ])
    expect(await send({ id: 2, channel: 'constructor', payload: {} })).toMatchObject([
      { type: 'response', id: 2, response: { ok: false, error: { code: 'internal' } } },
    ])
    expect(await send({ id: 3, channel: 'run.open', payload: { folder: '' } })).toMatchObject([
      { type: 'response', id: 3, response: { ok: false, error: { code: 'internal' } } },
    ])
    expect(await send({ id: 4, channel: 'heatmap.get', payload: { folder: '/x' } })).toMatchObject([
      { type: 'response', id: 4, response: { ok: false, error: { code: 'internal' } } },
    ])
  })

  it('returns the error code for a folder that is no run', async () => {
    expect(await send({ id: 5, channel: 'run.open', payload: { folder: '/nowhere/at/all' } })).toMatchObject([
      { type: 'response', id: 5, response: { ok: false, error: { code: 'run-not-found' } } },
    ])
  })

  it('accepts a cancel after the analysis has ended', async () => {
    expect(await send({ id: 6, channel: 'analysis.cancel', payload: { analysisId: 'long-gone' } })).toEqual([
      { type: 'response', id: 6, response: { ok: true, value: {} } },
    ])
  })

  it('ends a failing analysis with one event that contains the error', async () => {
    const reports = await send({
      id: 7,
      channel: 'analysis.run',
      payload: {
        analysisId: 'a',
        source: { kind: 'forecast', paths: ['/nowhere.parquet'], serversTable: null, eventsTable: null, capacityTables: {}, model: null },
        out: join(tmpdir(), 'headroom-never-made', 'run'),
        config: {},
        memoryLimit: null,
      },
    })
    const ends = reports.filter((report) => report.type === 'event' && ['finished', 'failed', 'cancelled'].includes(report.event.type))
    expect(ends).toMatchObject([{ event: { type: 'failed', error: { code: 'input-not-found' } } }])
    expect(reports.at(-1)).toEqual({ type: 'response', id: 7, response: { ok: true, value: {} } })
  })

  it('applies the memory limit: an analysis does not fit into a megabyte', async () => {
    const fleet = await makeSampleFleet(3)
    try {
      const reports = await send({
        id: 8,
        channel: 'analysis.run',
        payload: {
          analysisId: 'b',
          source: { kind: 'forecast', paths: [fleet.forecasts], serversTable: null, eventsTable: null, capacityTables: {}, model: null },
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
