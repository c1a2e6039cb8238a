// What-if through the engine process: one reading of the fleet, answers to a moving slider, and stale questions dropped.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { responseSchema, type IpcResponse } from '../../src-shared/ipc/envelope.ts'
import { whatIfResultSchema, whatIfChoicesSchema } from '../../src-shared/ipc/what-if.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'

let folder: string
let run: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-what-if-test-'))
  run = join(folder, 'run')
  await fabricateRun(run)
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

const startEngine = (): ((channel: string, payload: object) => Promise<IpcResponse>) => {
  const handlers = createEngineHandlers(() => undefined)
  return async (channel, payload) => responseSchema.parse(structuredClone(await handleRequest(handlers, channel, payload)))
}

const whatIfPayload = (threshold: number, clientId: string | null): object => ({
  folder: run,
  scenario: { threshold },
  grid: false,
  max_listed: 10,
  clientId: clientId,
})

describe('what-if in the engine process', () => {
  it('returns the options and then a result: P95 of 93.5, 69 and 71.2 all exceed 65', async () => {
    const ask = startEngine()
    const choices = await ask('scenario-choices.get', { folder: run })
    expect(choices.ok && whatIfChoicesSchema.parse(choices.value)).toMatchObject({ threshold: 80, metrics: ['cpu_p95'] })
    const response = await ask('scenario.evaluate', whatIfPayload(65, null))
    const { outcome, newly_at_risk } = whatIfResultSchema.parse(response.ok ? response.value : null)
    expect(outcome.at_risk_servers).toBe(3)
    expect(newly_at_risk.servers.map(({ server_id }) => server_id)).toEqual(['charlie', 'bravo'])
  })

  it("returns a slider's last request and drops only the same client's earlier ones", async () => {
    const ask = startEngine()
    const slider = [60, 65, 70, 72, 95].map((threshold) => ask('scenario.evaluate', whatIfPayload(threshold, 'threshold')))
    const others = [
      ask('scenario.evaluate', whatIfPayload(70, 'grid')),
      ask('scenario.evaluate', whatIfPayload(70, null)),
      ask('scenario.evaluate', whatIfPayload(60, null)),
    ]
    const responses = await Promise.all(slider)
    expect(responses.slice(0, -1).map((response) => !response.ok && response.error.code)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
      'cancelled',
    ])
    const atRisk = (response: IpcResponse | undefined): number =>
      whatIfResultSchema.parse(response?.ok === true ? response.value : null).outcome.at_risk_servers
    expect(atRisk(responses.at(-1))).toBe(0)
    expect((await Promise.all(others)).map(atRisk)).toEqual([2, 2, 3])
    // A question asked once the last was answered is as good as the first.
    expect(atRisk(await ask('scenario.evaluate', whatIfPayload(70, 'threshold')))).toBe(2)
  })

  it('refuses unknown servers and folders, and lists at most max_listed servers', async () => {
    const ask = startEngine()
    expect(await ask('scenario.evaluate', { ...whatIfPayload(80, null), scenario: { removed_servers: ['zulu'] } })).toMatchObject({
      error: { code: 'scenario-invalid' },
    })
    const response = await ask('scenario.evaluate', { ...whatIfPayload(60, null), max_listed: 1 })
    expect(response).toMatchObject({ value: { newly_at_risk: { count: 2, servers: [{ server_id: 'charlie' }] } } })
    expect(await ask('scenario.evaluate', { ...whatIfPayload(60, null), folder: '/nowhere' })).toMatchObject({
      error: { code: 'run-not-found' },
    })
  })
})
