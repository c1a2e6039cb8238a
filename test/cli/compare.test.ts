// headroom compare and headroom reconcile as users run them: text for a page of 100 columns, JSON for programs, exit codes.
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reconciliationSchema } from '../../src-shared/ipc/reconciliation.ts'
import { runComparisonSchema } from '../../src-shared/ipc/run-comparison.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

let sample: SampleRun
/** The sample under a threshold of 60 %, by Module 05's method, and with Module 05's files alone. */
let strict: string
let module05: string
let python: string

beforeAll(async () => {
  sample = await makeSampleRun(40)
  strict = join(sample.folder, 'strict')
  module05 = join(sample.folder, 'module05')
  python = join(sample.folder, 'python')
  const analyze = ['analyze', sample.forecasts, '--servers', join(sample.folder, 'fleet.servers.csv'), '--quiet']
  await Promise.all([
    headroomDone([...analyze, '--set', 'high_risk_threshold=60', '--out', strict]),
    headroomDone([...analyze, '--method', 'module05', '--out', module05]),
  ])
  await cp(sample.run, python, { recursive: true })
  await rm(join(python, runFiles.manifest))
})
afterAll(async () => sample.remove())

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

/** Whether the keys of every object in a JSON text are in order. */
const isSorted = (value: unknown): boolean => {
  if (value === null || typeof value !== 'object') return true
  const keys = Array.isArray(value) ? [] : Object.keys(value)
  return keys.join() === [...keys].sort().join() && Object.values(value).every(isSorted)
}

describe('headroom compare', () => {
  test('says first how many risks are new, cleared and stay, and why', async () => {
    const text = await headroomDone(['compare', sample.run, strict], { cwd: sample.folder })
    const [headline] = text.split('\n\n')
    expect(headline).toMatch(
      /^\d+ new risks?, 0 cleared, \d+ stays? \(\d+ moved\); servers at risk: \d+ of 40, then\s\d+ of 40;\schanges\s\d+\sby\spolicy$/,
    )
    expect(text).toMatch(/^high_risk_threshold\s+80\s+60$/m)
    expect(widest(text.replaceAll(sample.folder, ''))).toBeLessThanOrEqual(100)
  })

  test('as JSON: by its schema, keys sorted', async () => {
    const parsed: unknown = JSON.parse(await headroomDone(['compare', sample.run, strict, '--json']))
    expect(parsed).toHaveProperty('schema_version', 1)
    expect(isSorted(parsed)).toBe(true)
    const { risks, changes, causes, forecast_check, notes } = runComparisonSchema.parse(parsed)
    expect(risks.new).toBeGreaterThan(0)
    expect(causes).toEqual({ policy: risks.new, model: 0, data: 0, together: 0 })
    expect(changes).toHaveLength(risks.new + risks.still_at_risk)
    expect(forecast_check).toBeNull()
    expect(notes.map(({ code }) => code)).toEqual(['forecast-not-checked'])
  })

  test('a Module 05 folder, and one that is no run: exit code 3 and one sentence', async () => {
    const refused = await headroom(['compare', python, strict])
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(/^Error: .*python is a Module 05 folder, which states neither .*\.\nAnalyse its forecasts/)
    expect((await headroom(['compare', strict, join(sample.folder, 'nowhere')])).code).toBe(3)
  })

  test('one run alone: usage', async () => {
    expect((await headroom(['compare', strict])).code).toBe(2)
  })
})

describe('headroom reconcile', () => {
  test('says first what differs, then each total step by step', async () => {
    const text = await headroomDone(['reconcile', sample.run])
    expect(text).toMatch(/^\d+ servers? at risk where module05 says [\d,]+ rows; /)
    expect(text).toMatch(/^At risk: [\d,]+ rows by module05, \d+ servers? in this run$/m)
    expect(text).toMatch(/^the future only +\d+ servers? /m)
    expect(widest(text.replaceAll(sample.folder, ''))).toBeLessThanOrEqual(100)
  })

  test("as JSON: by its schema, keys sorted, beginning at Module 05's totals", async () => {
    const parsed: unknown = JSON.parse(await headroomDone(['reconcile', sample.run, '--json']))
    expect(parsed).toHaveProperty('schema_version', 1)
    expect(isSorted(parsed)).toBe(true)
    const { chains } = reconciliationSchema.parse(parsed)
    const [row] = (
      JSON.parse(await headroomDone(['query', module05, 'SELECT count_if(risk_flag) AS risk_flag_rows FROM forecasts', '--json'])) as {
        rows: { risk_flag_rows: number }[]
      }
    ).rows
    expect(chains.find(({ key }) => key === 'at_risk')?.original).toEqual({ value: row?.risk_flag_rows, unit: 'rows' })
  })

  test("a run by Module 05's method: exit code 3 and what to do instead", async () => {
    const { code, stderr } = await headroom(['reconcile', module05])
    expect(code).toBe(3)
    expect(stderr).toBe(
      `Error: ${module05} was analysed by module05 itself, so there is nothing to reconcile it with.\n` +
        'Analyse its forecasts without --method module05, then reconcile that run.\n',
    )
  })
})
