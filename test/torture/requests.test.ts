// Requests of a compromised page: damaged at random, each is either refused in one answer or is one that fits; nothing is ever thrown.
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { answerRequest, type ChannelHandlers } from '../../src-main/shell/serve-channels.ts'
import { answerSchema, channels, type Channel } from '../../src-shared/ipc-contract.ts'
import { engineCalls, engineReportSchema, type EngineReport } from '../../src-shared/engine-contract.ts'
import { makeEngineService } from '../../src-main/engine-host/engine-service.ts'
import { serveQuery } from '../../src-main/query-host/query-service.ts'
import { parseDeepLink } from '../../src-shared/deep-link.ts'
import { damaged } from '../fixtures/damaged-values.ts'
import { below, chanceOf, oneOf, rounds, tally } from '../fixtures/torture.ts'
import { valid } from '../fixtures/valid-requests.ts'

const names = Object.keys(channels) as Channel[]
const longestMessage = 2000

const outcomeOf = (name: Channel, answer: z.infer<typeof answerSchema>, seen: readonly unknown[]): string => {
  if (answer.ok) return channels[name].request.safeParse(seen[0]).success ? 'fits' : 'a handler was given what does not fit'
  if (seen.length > 0) return 'a handler was asked, and the request refused'
  if (answer.error.code !== 'internal') return `refused with ${answer.error.code}`
  return answer.error.message.length < longestMessage ? 'refused' : 'refused at length'
}

describe('requests to the main process', () => {
  const perChannel = rounds(60, 2000)

  it.each(names)('%s', async (name) => {
    const chance = chanceOf(name)
    const outcomes = new Map<string, number>()
    for (let round = 0; round < perChannel; round++) {
      const seen: unknown[] = []
      const handlers = { [name]: async (request: unknown) => void seen.push(request) } as unknown as ChannelHandlers
      const answer = answerSchema.parse(await answerRequest(handlers, name, damaged(valid[name], chance)))
      const outcome = outcomeOf(name, answer, seen)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // What comes through is what the channel states, and nothing else.
    expect([...outcomes.keys()].filter((outcome) => outcome !== 'refused' && outcome !== 'fits')).toEqual([])
    expect(outcomes.get('refused')).toBeGreaterThan(perChannel / 4)
    tally('damaged requests of the window', perChannel)
  })

  it('leave the prototypes of everything alone', () => {
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('messages to the engine’s process and to the query process', () => {
  const perCall = rounds(10, 300)

  it.each(Object.keys(engineCalls).filter((call) => call in valid) as (keyof typeof engineCalls & Channel)[])('%s', async (call) => {
    const chance = chanceOf(`engine ${call}`)
    const reports: EngineReport[] = []
    const serve = makeEngineService((report) => reports.push(report))
    for (let id = 0; id < perCall; id++) {
      await serve({ id, call, payload: damaged(valid[call], chance) })
      expect(reports.filter((report) => report.type !== 'event' && report.id === id)).toHaveLength(1)
    }
    for (const report of reports) expect(engineReportSchema.safeParse(report).success).toBe(true)
    tally('damaged messages to the engine and query processes', perCall)
  })

  it.each(['query.run', 'query.tables'] as const)('%s', async (call) => {
    const chance = chanceOf(`query ${call}`)
    for (let id = 0; id < perCall; id++) {
      expect(await serveQuery({ id, call, payload: damaged(valid[call], chance) })).toMatchObject({ id, ok: false })
    }
    tally('damaged messages to the engine and query processes', perCall)
  })
})

describe('links', () => {
  const link = 'headroom://run/heatmap?path=%2Fdata%2Fruns%2Ffleet&metric=cpu_p95&server=web-1&risk=high&cluster=3'
  const pieces = ['%', '%00', '%2e%2e%2f', '\u202E', '&path=', '?', '#', '//', ' ', "'", '"', '\n', 'javascript:', '%ff', 'x'.repeat(5000)]
  const count = rounds(2000, 100_000)

  it(`${count} damaged ones open a run folder or nothing`, () => {
    const chance = chanceOf('links')
    const shapes = new Set<string>()
    for (let round = 0; round < count; round++) {
      let text = link
      for (let times = 1 + below(chance, 4); times > 0; times--) {
        const at = below(chance, text.length)
        text = text.slice(0, at) + (chance() < 0.5 ? oneOf(chance, pieces) : '') + text.slice(at + below(chance, 4))
      }
      shapes.add(Object.keys(parseDeepLink(text) ?? { nothing: 0 }).join(' '))
    }
    expect([...shapes].sort()).toEqual(['nothing', 'path view metric server filter'])
    tally('damaged links', count)
  })
})
