// A cycle is killed at random points, again and again: each night ends with one run, whole outputs, and one message that is never another one's.
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { startHeadroom } from '../fixtures/run-headroom.ts'
import { randomBelow, randomFor, rounds, tally } from '../fixtures/torture.ts'

let workspace: ForecastWorkspace
let sink: Server
/** Idempotency keys in the order of their messages. */
const received: string[] = []

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  sink = createServer((request, response) => {
    request.resume().on('end', () => {
      received.push(String(request.headers['idempotency-key']))
      response.end()
    })
  })
  await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve))
  const { port } = sink.address() as AddressInfo
  await workspace.writeText(
    'plan.yaml',
    `name: Nights
history: runs
inputs: [forecasts.parquet]
outputs:
  - { kind: report, format: html, file: out/fleet.html }
  - { kind: tickets, format: jira, file: out/tickets.csv }
  - { kind: metrics, file: out/fleet.prom }
  - { kind: webhook, service: slack, url: 'http://127.0.0.1:${port}/' }
keep: { latest: 2 }
`,
  )
})
afterAll(async () => {
  sink.close()
  await workspace.close()
})

const writeNight = (night: number): Promise<string> =>
  workspace.writeForecasts(
    'forecasts.parquet',
    ['app', 'web'].flatMap((server) => seriesRows({ server, actual: times(20 + night, 90), horizon: times(4, 90) })),
  )

const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(join(workspace.folder, folder)).catch((): string[] => [])).sort()

/** Runs in the history, without what a killed one leaves next to them. */
const runNames = async (): Promise<string[]> => (await namesIn('runs')).filter((name) => /^[\d-]{10}-[\da-f]{12}$/.test(name))

const expectWhole = async (): Promise<void> => {
  for (const run of await runNames()) expect(await namesIn(`runs/${run}`)).toEqual(Object.values(runFiles).sort())
  const read = (name: string): Promise<string | null> => readFile(join(workspace.folder, 'out', name), 'utf8').catch(() => null)
  const [html, tickets, metrics] = await Promise.all(['fleet.html', 'tickets.csv', 'fleet.prom'].map(read))
  if (html !== null) expect(html!.trimEnd()).toMatch(/<\/html>$/)
  if (tickets !== null) expect(tickets!.split('\r\n')).toHaveLength(4)
  if (metrics !== null) expect(metrics).toMatch(/^headroom_at_risk_servers\{.*\} 2\n[^]*\n$/m)
}

it(
  'and every night is done once',
  async () => {
    const random = randomFor('killed cycle')
    const plan = join(workspace.folder, 'plan.yaml')
    await writeNight(0)
    const startedAt = performance.now()
    expect(await startHeadroom(['cycle', plan]).result).toMatchObject({ code: 0 })
    const wholeMs = performance.now() - startedAt
    let [nights, kills] = [1, 0]
    const enough = rounds(2, 100)
    while (kills < enough) {
      await writeNight(nights)
      for (let isDone = false; !isDone;) {
        const running = startHeadroom(['cycle', plan])
        const isOver = await Promise.race([running.result.then(() => true), pause(randomBelow(random, wholeMs * 1.1), false)])
        // A machine that has become slower would have no cycle end in time.
        if (kills < enough && !isOver && running.process.kill('SIGKILL')) {
          kills++
          tally('cycles killed', 1)
        }
        const { code, stderr } = await running.result
        await expectWhole()
        isDone = code === 0
        expect(isDone ? '' : stderr.replace(/^(.*%.*|Warning: .*)$/gm, '').trim()).toBe('')
      }
      nights++
    }
    // A message that was sent but not noted goes again, under the number that the receiver knows.
    expect(new Set(received).size).toBe(nights)
    const order = received.map((id) => received.indexOf(id))
    expect(order).toEqual([...order].sort((a, b) => a - b))
    tally('messages that came a second time with their number', received.length - nights)
    const runs = await runNames()
    expect(runs).toHaveLength(2)
    expect(await namesIn('runs')).toEqual(['.cycle', ...runs])
    for (const run of runs) expect(await startHeadroom(['verify', join(workspace.folder, 'runs', run)]).result).toMatchObject({ code: 0 })
  },
  rounds(120_000, 1_800_000),
)
