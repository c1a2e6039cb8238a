// headroom compare and headroom reconcile end to end: text in 100 columns, JSON, exit codes.
import { existsSync } from 'node:fs'
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
/** The sample by the forecasts alone, whose figures the tests work out again from the forecast rows. */
let run: string
let module05: string
let python: string

beforeAll(async () => {
  sample = await makeSampleRun(40)
  run = join(sample.folder, 'expected')
  strict = join(sample.folder, 'strict')
  module05 = join(sample.folder, 'module05')
  python = join(sample.folder, 'python')
  const analyze = ['analyze', sample.forecasts, '--servers', join(sample.folder, 'fleet.servers.csv'), '--quiet']
  await Promise.all([
    headroomDone([...analyze, '--set', 'breach_probability=false', '--out', run]),
    headroomDone([...analyze, '--set', 'breach_probability=false', '--set', 'high_risk_threshold=60', '--out', strict]),
    headroomDone([...analyze, '--method', 'module05', '--out', module05]),
  ])
  await cp(run, python, { recursive: true })
  await rm(join(python, runFiles.manifest))
})
afterAll(async () => sample.remove())

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

/** Whether the keys of every object are sorted. */
const isSorted = (value: unknown): boolean => {
  if (value === null || typeof value !== 'object') return true
  const keys = Array.isArray(value) ? [] : Object.keys(value)
  return keys.join() === [...keys].sort().join() && Object.values(value).every(isSorted)
}

/** One SELECT over a run, as objects. */
const rowsOf = async <Row>(run: string, sql: string): Promise<Row[]> =>
  (JSON.parse(await headroomDone(['query', run, sql, '--json'])) as { rows: Row[] }).rows

const maxTableRows = 20
const oneDecimal = (value: number): string => String(Number(value.toFixed(1)))

/** The text with single blanks instead of line breaks. */
const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
const cellsOf = (line: string): string[] => line.trim().split(/\s{2,}/)

describe('headroom compare', () => {
  // The horizon of each server's selected model, from the forecast rows alone.
  interface Horizon {
    server_id: string
    p95: number
    first_over_80: string | null
    first_over_60: string | null
  }
  let horizons: Horizon[]
  const firstDay = (limit: 60 | 80): string => `strftime(min(timestamp) FILTER (predicted > ${limit}), '%Y-%m-%d') AS first_over_${limit}`
  beforeAll(async () => {
    horizons = await rowsOf(
      run,
      `SELECT server_id, quantile_cont(predicted, 0.95) AS p95, ${firstDay(80)}, ${firstDay(60)}
       FROM forecasts WHERE is_future AND is_selected GROUP BY server_id ORDER BY p95 DESC, server_id`,
    )
  })
  const newlyAtRisk = (): Horizon[] => horizons.filter(({ p95 }) => p95 > 60 && p95 <= 80)
  const stillAtRisk = (): Horizon[] => horizons.filter(({ p95 }) => p95 > 80)

  test('begins with the number of new, cleared and unchanged risks, and their causes', async () => {
    const text = await headroomDone(['compare', run, strict], { cwd: sample.folder })
    const [summary] = text.split('\n\n')
    expect(inOneLine(summary!)).toBe(
      '22 new risks, 0 cleared, 2 still at risk (1 moved); servers at risk: 2 of 40, then 24 of 40; caused 22 by policy',
    )
    expect([horizons.length, newlyAtRisk().length, stillAtRisk().length]).toEqual([40, 22, 2])
    expect(stillAtRisk().filter((server) => server.first_over_60 !== server.first_over_80)).toHaveLength(1)
    expect(widest(text.replaceAll(sample.folder, ''))).toBeLessThanOrEqual(100)
  })

  test('lists each changed setting and each server with its figures', async () => {
    const text = await headroomDone(['compare', run, strict], { cwd: sample.folder })
    const tableBelow = (title: string): string[][] => {
      const section = text.split('\n\n').find((part) => part.startsWith(`${title}\n`))!
      return section.trimEnd().split('\n').slice(3).map(cellsOf)
    }
    expect(tableBelow('Policy')).toEqual([['high_risk_threshold', '80', '60']])
    expect(tableBelow('New risks')).toEqual([
      ...newlyAtRisk()
        .slice(0, maxTableRows)
        .map(({ server_id, p95, first_over_60 }) => [server_id, oneDecimal(p95), oneDecimal(p95), '80', '60', first_over_60, 'policy']),
      ['... and 2 more; --json lists all.'],
    ])
    expect(tableBelow('Still at risk')).toEqual([
      ['risk-grid-0002', '96.4', '96.4', '0', '2026-11-23', '2026-11-23', '0', 'policy'],
      ['ach-batch-0001', '93.1', '93.1', '0', '2026-12-25', '2026-11-23', '-32', 'policy'],
    ])
    expect(stillAtRisk().map((server) => [server.server_id, server.first_over_80, server.first_over_60])).toEqual([
      ['risk-grid-0002', '2026-11-23', '2026-11-23'],
      ['ach-batch-0001', '2026-12-25', '2026-11-23'],
    ])
  })

  test('writes JSON by its schema, with sorted keys', async () => {
    const parsed: unknown = JSON.parse(await headroomDone(['compare', run, strict, '--json']))
    expect(parsed).toHaveProperty('schema_version', 1)
    expect(isSorted(parsed)).toBe(true)
    const { risks, changes, causes, forecast_check, notes } = runComparisonSchema.parse(parsed)
    expect(risks).toMatchObject({ new: 22, cleared: 0, still_at_risk: 2, moved: 1, still_safe: 16 })
    expect(causes).toEqual({ definition: 0, policy: 22, model: 0, data: 0, together: 0 })
    const figures = changes.map(({ server_id, earlier, later }) => [server_id, [earlier.p95?.toFixed(6), later.p95?.toFixed(6)]])
    const atRisk = horizons.filter(({ p95 }) => p95 > 60)
    expect(changes).toHaveLength(24)
    expect(Object.fromEntries(figures)).toEqual(
      Object.fromEntries(atRisk.map(({ server_id, p95 }) => [server_id, [p95.toFixed(6), p95.toFixed(6)]])),
    )
    expect(forecast_check).toBeNull()
    expect(notes.map(({ code }) => code)).toEqual(['forecast-not-checked'])
  })

  test('refuses a Module 05 folder and a missing folder with exit code 3', async () => {
    const refused = await headroom(['compare', python, strict])
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(/^Error: .*python is a Module 05 folder, which states neither .*\.\nAnalyse its forecasts/)
    expect((await headroom(['compare', strict, join(sample.folder, 'nowhere')])).code).toBe(3)
  })

  test('refuses a single run as wrong usage', async () => {
    expect((await headroom(['compare', strict])).code).toBe(2)
  })
})

describe('gates of headroom analyze', () => {
  const gated = (name: string, ...options: string[]) =>
    headroom(
      [
        'analyze',
        sample.forecasts,
        '--set',
        'breach_probability=false',
        '--set',
        'high_risk_threshold=60',
        '--quiet',
        '--out',
        name,
        ...options,
      ],
      {
        cwd: sample.folder,
      },
    )

  test('a crossed one ends with 5 and one line; the run is written', async () => {
    const limits = ['--gate', 'new_at_risk=21', '--gate', 'at_risk=24', '--gate', 'silent=0']
    const { code, stderr } = await gated('gated', '--previous', run, ...limits)
    expect(stderr).toBe('Gate new_at_risk crossed: 22 servers, at most 21 allowed.\n')
    expect(code).toBe(5)
    expect(await headroomDone(['verify', join(sample.folder, 'gated')])).toContain('agree with the manifest')
    const passed = await gated('passed', '--previous', run, '--gate', 'new_at_risk=22', '--json')
    expect(passed.code).toBe(0)
    expect(JSON.parse(passed.stdout.trimEnd().split('\n').at(-1)!)).toEqual({
      schema_version: 1,
      type: 'gates',
      gates: [{ name: 'new_at_risk', limit: 22, value: 22, is_crossed: false }],
    })
  })

  test('what cannot be judged is refused before the analysis', async () => {
    expect(await gated('none', '--gate', 'new_at_risk=0')).toMatchObject({
      code: 2,
      stderr: 'Error: The gate new_at_risk compares with an earlier run.\nName it with --previous RUN.\n',
    })
    expect((await gated('none', '--gate', 'risk=0')).stderr).toContain('NAME=LIMIT is needed, with one of at_risk, new_at_risk, silent.')
    expect(existsSync(join(sample.folder, 'none'))).toBe(false)
  })
})

describe('headroom reconcile', () => {
  /** Module 05's totals: it counts rows, over all models and all days. */
  const module05Totals = async () => {
    const [rows] = await rowsOf<{ over_80: number; over_96: number }>(
      module05,
      'SELECT count_if(predicted > 80) AS over_80, count_if(predicted > 96) AS over_96 FROM forecasts',
    )
    const [underutilized] = await rowsOf<{ row_count: number; servers: number }>(
      module05,
      `SELECT CAST(sum(row_count) AS INTEGER) AS row_count, count(*) AS servers
       FROM (SELECT count(*) AS row_count FROM forecasts GROUP BY server_id HAVING avg(predicted) < 30)`,
    )
    return { ...rows!, underutilized: underutilized! }
  }
  /** Servers above 80 % at any time, under ever narrower readings of the forecast rows. */
  const serversAtRisk = async () => {
    const [anyModel] = await rowsOf<{ servers: number }>(
      run,
      'SELECT count(DISTINCT server_id) FILTER (predicted > 80) AS servers FROM forecasts',
    )
    const [selectedModel] = await rowsOf<{ at_any_time: number; in_future: number; by_p95: number }>(
      run,
      `SELECT count_if(highest > 80) AS at_any_time, count_if(future > 80) AS in_future, count_if(p95 > 80) AS by_p95
       FROM (SELECT max(predicted) AS highest, max(predicted) FILTER (is_future) AS future,
                    quantile_cont(predicted, 0.95) FILTER (is_future) AS p95
             FROM forecasts WHERE is_selected GROUP BY server_id)`,
    )
    return { anyModel: anyModel!.servers, ...selectedModel! }
  }

  test('begins with the differences, then explains each total step by step', async () => {
    const text = await headroomDone(['reconcile', run])
    expect(await module05Totals()).toEqual({ over_80: 2886, over_96: 149, underutilized: { row_count: 14778, servers: 6 } })
    // The fleet has 6 servers in the quietest cluster, and Module 05 saves half of 100 USD for each.
    expect(inOneLine(text.split(sample.folder)[0]!)).toBe(
      'At risk: 2 servers, in Module 05 2,886 rows; underutilised: 6 servers, in Module 05 14,778 rows; savings: 0 USD a month, in Module 05 300 USD a month.',
    )
    // Each group of this small fleet keeps its two servers.
    expect(await rowsOf(run, "SELECT sum(monthly_cost_usd) AS usd FROM server_risk WHERE recommendation = 'retire'")).toEqual([
      { usd: null },
    ])
    expect(await serversAtRisk()).toEqual({ anyModel: 16, at_any_time: 5, in_future: 2, by_p95: 2 })
    const chain = text.split('\n\n').find((part) => part.startsWith('At risk: 2,886'))!
    const [title, , , ...steps] = chain.split('\n- ')[0]!.split('\n')
    expect(title).toBe('At risk: 2,886 rows by module05, 2 servers in this run')
    expect(steps.map(cellsOf)).toEqual([
      ['module05', '2,886 rows'],
      ['servers, not rows', '16 servers', '2,870 rows'],
      ['one selected model', '5 servers', '11 servers'],
      ['percentages only', '5 servers'],
      ['configured threshold', '5 servers'],
      ['the future only', '2 servers', '3 servers'],
      ['P95, not any moment', '2 servers'],
    ])
    expect(widest(text.replaceAll(sample.folder, ''))).toBeLessThanOrEqual(100)
  })

  test("writes JSON by its schema, with sorted keys, from Module 05's totals to the run's", async () => {
    const parsed: unknown = JSON.parse(await headroomDone(['reconcile', run, '--json']))
    expect(parsed).toHaveProperty('schema_version', 1)
    expect(isSorted(parsed)).toBe(true)
    const { chains } = reconciliationSchema.parse(parsed)
    const totals = Object.fromEntries(chains.map(({ key, original, own }) => [key, [original, own]]))
    expect(totals).toMatchObject({
      at_risk: [
        { value: 2886, unit: 'rows' },
        { value: 2, unit: 'servers' },
      ],
      underutilized: [
        { value: 14778, unit: 'rows' },
        { value: 6, unit: 'servers' },
      ],
      savings: [
        { value: 300, unit: 'USD a month' },
        { value: 0, unit: 'USD a month' },
      ],
    })
  })

  test("refuses a run by Module 05's method with exit code 3 and the next step", async () => {
    const { code, stderr } = await headroom(['reconcile', module05])
    expect(code).toBe(3)
    expect(stderr).toBe(
      `Error: ${module05} was analysed by module05 itself, so there is nothing to reconcile it with.\n` +
        'Analyse its forecasts without --method module05, then reconcile that run.\n',
    )
  })
})
