// Wrong values in every stored file and every key of the settings: what a user is told is one plain sentence, never the words of a library.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { Database, identifier, literal } from '../../src-main/database/database.ts'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { readScenario } from '../../src-main/cli/read-scenario.ts'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { scenarioSchema } from '../../src-shared/ipc/what-if.ts'
import { toWireError } from '../../src-shared/run/errors.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { pickOne, randomFor, rounds, tally } from '../fixtures/torture.ts'
import { validRequests } from '../fixtures/valid-requests.ts'

/** Words of zod, DuckDB, Node and JavaScript. */
const libraryWords =
  /nvalid input|\bexpected (?!or)|\breceived\b|Unrecognized key|Too (small|big)|\[object|(Binder|Catalog|Parser|Conversion|IO|Range|Input|Internal|Type|implemented|Constraint|Memory|Syntax|Reference)( Error|Error)|LINE \d|read_parquet|Candidate|SELECT |ENO|EACCES|EISDIR|undefined|NaN|is not (a function|iterable)|Cannot (read|convert)|Unexpected (token|end)|at position|\n/

const faultsIn = ({ code, message, next }: { code: string; message: string; next?: string | undefined }): string[] =>
  [message, next ?? ''].filter((text) => libraryWords.test(text) || text.length > 600).map((text) => `${code}: ${text}`)

const wrongValues: readonly unknown[] = [
  null,
  '',
  'x',
  '\u202egnp',
  -1,
  1e308,
  0.5,
  true,
  [],
  {},
  [[]],
  { a: 1 },
  '2026-13-45',
  '__proto__',
]

let sample: SampleRun
let damagedRun: string
beforeAll(async () => {
  sample = await makeSampleRun(6)
  damagedRun = join(sample.folder, 'damaged')
  await cp(sample.run, damagedRun, { recursive: true })
  await mkdir(join(damagedRun, 'headroom-notes'))
})
afterAll(() => sample.remove())

/** Everything that reads a run; whatever is refused is refused in plain words. */
const faultsOfReading = async (): Promise<string[]> => {
  const handlers = createEngineHandlers(() => undefined)
  const folder = damagedRun
  const filtered = { ...validRequests['recommendations.list'], folder }
  const requests: readonly (readonly [keyof typeof handlers, object])[] = [
    ['run.open', { folder }],
    ['run.verify', { folder }],
    ['models.list', { folder }],
    ['capacity.get', { folder }],
    ['season.get', { ...validRequests['season.get'], folder }],
    ['fleet.get', { ...validRequests['fleet.get'], folder }],
    ['servers.list', { ...validRequests['servers.list'], folder }],
    ['recommendations.list', filtered],
    ['clusters.get', { ...validRequests['clusters.get'], folder }],
    ['heatmap.get', { ...validRequests['heatmap.get'], folder }],
    ['events.list', { folder }],
    ['scenarios.list', { folder }],
    ['scenario-choices.get', { folder }],
    ['runs.compare', { earlier: sample.run, later: folder }],
    ['run.reconcile', { folder }],
  ]
  const faults: string[] = []
  for (const [channel, request] of requests) {
    const response = await handleRequest(handlers, channel, request)
    if (!response.ok) faults.push(...faultsIn(response.error).map((fault) => `${channel}: ${fault}`))
  }
  return faults
}

type Path = readonly (string | number)[]

/** Of every value inside, itself included. */
const pathsInside = (value: unknown, path: Path = []): Path[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [
        path,
        ...Object.entries(value)
          .slice(0, 40)
          .flatMap(([key, inner]) => pathsInside(inner, [...path, Array.isArray(value) ? Number(key) : key])),
      ]

const withValue = (value: unknown, [key, ...rest]: Path, replacement: unknown): unknown => {
  if (key === undefined) return replacement
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string | number, unknown>
  copy[key] = withValue(copy[key], rest, replacement)
  return copy
}

describe('a stored file with a wrong value', () => {
  const decision = { server_id: 'a', recommendation: 'retire', verdict: 'dismissed', reason: 'x', decided_at: '2026-01-01T00:00:00Z' }
  const files: Readonly<Record<string, object | null>> = {
    [runFiles.manifest]: null,
    [runFiles.summary]: null,
    [runFiles.recommendations]: null,
    [runFiles.modelAccuracy]: null,
    'headroom-notes/decisions.json': { format_version: 1, value: [decision] },
    'headroom-notes/decisions.jsonl': { ...decision, id: 'a', decided_by: 'ada', until: null, replaces: [] },
    'headroom-notes/scenarios.json': { format_version: 1, value: [{ name: 'a', scenario: scenarioSchema.parse({}), outcome: {} }] },
  }
  const perFile = rounds(2, 60)

  test.each(Object.keys(files))('%s', { timeout: 30_000 + perFile * 3000 }, async (name) => {
    const path = join(damagedRun, name)
    const whole = files[name] === null ? await readFile(path, 'utf8') : JSON.stringify(files[name])
    const random = randomFor(`stored ${name}`)
    const value: unknown = JSON.parse(whole)
    const places = pathsInside(value)
    const faults: string[] = []
    for (let round = 0; round < perFile; round++) {
      const place = pickOne(random, places)
      const replacement = pickOne(random, wrongValues)
      const text =
        round % 10 === 9 ? whole.slice(0, Math.floor(random() * whole.length)) : JSON.stringify(withValue(value, place, replacement))
      await writeFile(path, text)
      faults.push(...(await faultsOfReading()).map((fault) => `${place.join('.')} = ${JSON.stringify(replacement)}: ${fault}`))
    }
    if (files[name] === null) await writeFile(path, whole)
    else await rm(path)
    expect(faults).toEqual([])
    tally('stored files with a wrong value', perFile)
  })

  test.each([runFiles.serverRisk, runFiles.flaggedForecasts])(
    '%s with a column missing or of another type',
    { timeout: 300_000 },
    async (name) => {
      const path = join(damagedRun, name)
      const whole = join(sample.run, name)
      const database = await Database.open()
      const faults: string[] = []
      try {
        const columns = await database.rows(
          `SELECT column_name AS name FROM (DESCRIBE SELECT * FROM read_parquet(${literal(whole)}))`,
          z.object({ name: z.string() }),
        )
        const random = randomFor(`columns ${name}`)
        const chosen = rounds(1, 0) === 0 ? columns : columns.filter(() => random() < 1 / columns.length)
        for (const { name: column } of chosen) {
          for (const select of [
            `* EXCLUDE (${identifier(column)})`,
            `* REPLACE ('x' AS ${identifier(column)})`,
            `* REPLACE ([1] AS ${identifier(column)})`,
          ]) {
            await rm(path)
            await database.run(`COPY (SELECT ${select} FROM read_parquet(${literal(whole)})) TO ${literal(path)} (FORMAT parquet)`)
            faults.push(...(await faultsOfReading()).map((fault) => `${select}: ${fault}`))
          }
        }
        tally('run tables with a column missing or of another type', chosen.length * 3)
      } finally {
        database.close()
        await cp(whole, path)
      }
      expect(faults).toEqual([])
    },
  )
})

test('every key of the settings with every wrong value is refused in plain words, or fits', () => {
  const faults: string[] = []
  const codes: string[] = []
  for (const key of Object.keys(completeConfig({}, 'headroom'))) {
    for (const value of wrongValues) {
      try {
        parseConfig({ [key]: value }, 'headroom')
      } catch (thrown) {
        const error = toWireError(thrown)
        codes.push(error.code)
        faults.push(...faultsIn(error))
      }
    }
  }
  expect(faults).toEqual([])
  expect(new Set(codes)).toEqual(new Set(['config-invalid']))
  expect(codes.length).toBeGreaterThan(100)
})

test('every key of a scenario with every wrong value is refused in plain words, or fits', async () => {
  const faults: string[] = []
  const codes: string[] = []
  for (const key of Object.keys(scenarioSchema.shape)) {
    for (const value of wrongValues) {
      const file = join(sample.folder, 'scenario.json')
      await writeFile(file, JSON.stringify({ [key]: value }))
      await readScenario(file, []).catch((thrown: unknown) => {
        const error = toWireError(thrown)
        codes.push(error.code)
        faults.push(...faultsIn(error))
      })
    }
  }
  expect(faults).toEqual([])
  expect(new Set(codes)).toEqual(new Set(['scenario-invalid']))
  expect(codes.length).toBeGreaterThan(50)
})
