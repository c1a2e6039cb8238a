// Requests of a compromised page: damaged at random, each is either refused in one answer or is one that fits; nothing is ever thrown.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { handleWindowRequest, type WindowHandlers } from '../../src-main/shell/ipc/serve-channels.ts'
import { handleMessage } from '../../src-main/ipc/serve-requests.ts'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { queryHandlers } from '../../src-main/query-host/query-handlers.ts'
import { hostMessageSchema, responseSchema, type HostMessage, type IpcResponse } from '../../src-shared/ipc/envelope.ts'
import { channels, windowChannels, type WindowChannel } from '../../src-shared/ipc/ipc-contract.ts'
import { parseDeepLink } from '../../src-shared/ipc/deep-link.ts'
import { damaged } from '../fixtures/damaged-values.ts'
import { randomBelow, randomFor, pickOne, rounds, tally } from '../fixtures/torture.ts'
import { validRequests } from '../fixtures/valid-requests.ts'

const longestMessage = 300
/** Words of zod, and what shows an object as text. */
const rawText = /Invalid|nvalid input|expected|received|Unrecognized|Too (small|big)|Required|\[object|[{}[\]]|\n/

const resultOf = (name: WindowChannel, response: IpcResponse, seenOutcomes: readonly unknown[]): string => {
  if (response.ok) return channels[name].request.safeParse(seenOutcomes[0]).success ? 'fits' : 'a handler was given what does not fit'
  if (seenOutcomes.length > 0) return 'a handler was asked, and the request refused'
  if (response.error.code !== 'internal') return `refused with ${response.error.code}`
  const { message } = response.error
  if (message.length > longestMessage) return 'refused at length'
  const isPlain = message.startsWith(`The request ${name} is not valid: `) && message.endsWith('.') && !rawText.test(message)
  return isPlain ? 'refused' : `refused in other words: ${message}`
}

describe('requests to the main process', () => {
  const perChannel = rounds(60, 2000)

  it.each(windowChannels)('%s', async (name) => {
    const random = randomFor(name)
    const results = new Map<string, number>()
    for (let round = 0; round < perChannel; round++) {
      const seenOutcomes: unknown[] = []
      const handlers = { [name]: async (request: unknown) => void seenOutcomes.push(request) } as unknown as WindowHandlers
      const response = responseSchema.parse(await handleWindowRequest(handlers, name, damaged(validRequests[name], random)))
      const result = resultOf(name, response, seenOutcomes)
      results.set(result, (results.get(result) ?? 0) + 1)
    }
    // What comes through is what the channel states, and nothing else.
    expect([...results.keys()].filter((result) => result !== 'refused' && result !== 'fits')).toEqual([])
    expect(results.get('refused')).toBeGreaterThan(perChannel / 4)
    tally('damaged requests of the window', perChannel)
  })

  it('are counted for every channel where the figures stand', async () => {
    expect(await readFile('docs/SECURITY.md', 'utf8')).toContain(`for each of its ${windowChannels.length} channels`)
  })

  it('leave the prototypes of everything alone', () => {
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('messages to the engine’s process and to the query process', () => {
  const perCall = rounds(10, 300)

  it.each(windowChannels.filter((channel) => channels[channel].servedBy === 'engine'))('%s', async (channel) => {
    const random = randomFor(`engine ${channel}`)
    const posted: HostMessage[] = []
    const post = (message: HostMessage): void => void posted.push(message)
    const handlers = createEngineHandlers(post)
    for (let id = 0; id < perCall; id++) {
      await handleMessage(handlers, post, { id, channel, payload: damaged(validRequests[channel], random) })
      expect(posted.filter((message) => message.type === 'response' && message.id === id)).toHaveLength(1)
    }
    for (const message of posted) expect(hostMessageSchema.safeParse(message).success).toBe(true)
    tally('damaged messages to the engine and query processes', perCall)
  })

  it.each(['query.run', 'query-tables.list'] as const)('%s', async (channel) => {
    const random = randomFor(`query ${channel}`)
    for (let id = 0; id < perCall; id++) {
      const posted: HostMessage[] = []
      const post = (message: HostMessage): void => void posted.push(message)
      await handleMessage(queryHandlers, post, { id, channel, payload: damaged(validRequests[channel], random) })
      expect(posted).toMatchObject([{ type: 'response', id, response: { ok: false } }])
    }
    tally('damaged messages to the engine and query processes', perCall)
  })
})

describe('links', () => {
  const link = 'headroom://run/heatmap?path=%2Fdata%2Fruns%2Ffleet&metric=cpu_p95&server=web-1&risk=high&cluster=3'
  const pieces = ['%', '%00', '%2e%2e%2f', '\u202E', '&path=', '?', '#', '//', ' ', "'", '"', '\n', 'javascript:', '%ff', 'x'.repeat(5000)]
  const count = rounds(2000, 100_000)

  it(`${count} damaged ones open a run folder or nothing`, () => {
    const random = randomFor('links')
    const shapes = new Set<string>()
    for (let round = 0; round < count; round++) {
      let text = link
      for (let times = 1 + randomBelow(random, 4); times > 0; times--) {
        const at = randomBelow(random, text.length)
        text = text.slice(0, at) + (random() < 0.5 ? pickOne(random, pieces) : '') + text.slice(at + randomBelow(random, 4))
      }
      shapes.add(Object.keys(parseDeepLink(text) ?? { nothing: 0 }).join(' '))
    }
    expect([...shapes].sort()).toEqual(['nothing', 'path view metric server filter'])
    tally('damaged links', count)
  })
})
