// headroom collect as users run it: killed and begun again, with a run of what was collected, without replacing a file unasked.
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashFile } from '../../src-main/run-folder/hash-file.ts'
import { headroom, headroomDone, startHeadroom } from '../fixtures/run-headroom.ts'
import { addFleet } from '../simulator/ec2.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { PrometheusDouble } from '../simulator/prometheus-double.ts'

let folder: string
let prometheus: PrometheusDouble
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-collect-'))
  prometheus = await PrometheusDouble.start()
  prometheus.series.set(
    'busy',
    Array.from({ length: 6 }, (_, index) => ({
      labels: { instance: `web-${index}:9100`, business_unit: 'Retail' },
      valueAt: (at: number) => String(20 + 12 * index + 5 * Math.sin((at / 86_400) * 2 * Math.PI) + ((at / 3600) % 7)),
    })),
  )
})
afterAll(async () => {
  await prometheus.stop()
  await rm(folder, { recursive: true })
})

const args = (out: string, ...more: readonly string[]): string[] => [
  'collect',
  'prometheus',
  '--url',
  prometheus.url,
  '--query',
  'cpu_p95=busy',
  '--until',
  '2026-11-01',
  '--out',
  out,
  ...more,
]
const hashOf = (name: string): Promise<string> => hashFile(join(folder, name))

describe('headroom collect prometheus', () => {
  test('collects and analyses in one go', async () => {
    const stdout = await headroomDone(args('fleet.parquet', '--days', '70', '--run', 'run', '--quiet'), { cwd: folder })
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'fleet.parquet: 10,080 rows of 6 servers, cpu_p95',
      'fleet.servers.csv: servers table',
      expect.stringMatching(/^\d of 6 servers at risk: P95 likely above 80 % by \d{4}-\d\d-\d\d$/),
    ])
    expect(await readdir(join(folder, 'run'))).toContain('manifest.json')
    expect(await headroomDone(['query', 'run', 'SELECT DISTINCT business_unit FROM server_risk', '--csv'], { cwd: folder })).toContain(
      'Retail',
    )
  })

  test('only says what there is with --estimate', async () => {
    const before = await readdir(folder)
    expect(await headroomDone(args('estimate.parquet', '--estimate'), { cwd: folder })).toMatch(
      /^6 servers, such as web-0, web-1, web-2, web-3, web-4\nSeries: 6 of cpu_p95\nServers table: business_unit\n1 request for up to 12,960 values, about \d+ s\n$/,
    )
    expect(await readdir(folder)).toEqual(before)
  })

  test('replaces a file with --force alone', async () => {
    await headroomDone(args('there.parquet', '--days', '2', '--quiet'), { cwd: folder })
    expect(await headroom(args('there.parquet', '--days', '2'), { cwd: folder })).toMatchObject({
      code: 2,
      stderr: 'Error: there.parquet exists already.\nName a new file, or replace this one with --force.\n',
    })
    await headroomDone(args('there.parquet', '--days', '3', '--force', '--quiet'), { cwd: folder })
  })

  test('gives the same file after it was killed', async () => {
    const long = ['--days', '1000', '--quiet'] as const
    await headroomDone(args('whole.parquet', ...long), { cwd: folder })
    prometheus.delayMs = 300
    const { process: child, result } = startHeadroom(args('killed.parquet', ...long), { cwd: folder })
    await expect
      .poll(async () => (await readdir(join(folder, 'killed.parquet.collecting')).catch(() => [])).some((name) => name.endsWith('.csv')), {
        timeout: 20_000,
        interval: 5,
      })
      .toBe(true)
    child.kill('SIGKILL')
    await result
    prometheus.delayMs = 0
    expect(await readdir(folder)).not.toContain('killed.parquet')
    await headroomDone(args('killed.parquet', ...long), { cwd: folder })
    expect(await hashOf('killed.parquet')).toBe(await hashOf('whole.parquet'))
    expect(await readdir(folder)).not.toContain('killed.parquet.collecting')
  })

  test('says that a cancelled collect goes on later', async () => {
    prometheus.delayMs = 400
    const { process: child, result } = startHeadroom(args('cancelled.parquet', '--quiet'), { cwd: folder })
    // Not before there is a plan: without one, nothing is left.
    await expect
      .poll(() => existsSync(join(folder, 'cancelled.parquet.collecting', 'plan.json')), { timeout: 20_000, interval: 5 })
      .toBe(true)
    child.kill('SIGINT')
    expect(await result).toMatchObject({ code: 130, stderr: 'Error: Cancelled.\nCollect into the same file again to go on.\n' })
    prometheus.delayMs = 0
    expect(await readdir(folder)).not.toContain('cancelled.parquet')
  })

  test.each([
    [['--query', 'busy'], "error: option '--query <metric=promql>' argument 'busy' is invalid."],
    [['--until', 'yesterday'], "error: option '--until <time>' argument 'yesterday' is invalid."],
    [['--attribute', 'cost=team'], "error: option '--attribute <column=label>' argument 'cost=team' is invalid."],
  ])('refuses %s', async (more, sentence) => {
    const { code, stderr } = await headroom(args('refused.parquet', ...more), { cwd: folder })
    expect([code, stderr.split('\n', 1)[0]!.split('. ')[0]]).toEqual([2, sentence.replace(/^error/, 'Error').replace(/\.$/, '')])
  })
})

describe('headroom collect cloudwatch', () => {
  test('says the price, collects, and analyses in one go', async () => {
    const simulator = await AwsSimulator.start()
    addFleet(simulator.account, 20)
    const env = { ...simulator.environment, AWS_PROFILE: '', AWS_EC2_METADATA_DISABLED: 'true' }
    const collect = [
      'collect',
      'cloudwatch',
      '--namespace',
      'AWS/EC2',
      '--attribute',
      'business_unit=Team',
      '--out',
      'ec2.parquet',
    ] as const
    const estimate = await headroomDone([...collect, '--days', '70', '--estimate'], { cwd: folder, env })
    expect(estimate).toMatch(
      /^20 servers, such as i-\w+, .*\nSeries: 20 of cpu_p95\n.*\n1 request for up to 33,600 values, about \d+ s, about 0\.00 USD\n$/,
    )
    expect(simulator.requestsOf('GetMetricData')).toEqual([])
    const { code, stdout, stderr } = await headroom([...collect, '--days', '70', '--run', 'ec2-run'], { cwd: folder, env })
    expect([code, stderr]).toEqual([0, expect.stringContaining('about 0.00 USD')])
    expect(stdout).toContain('ec2.parquet: 33,600 rows of 20 servers, cpu_p95\n')
    expect(
      await headroomDone(['query', 'ec2-run', 'SELECT DISTINCT business_unit FROM server_risk ORDER BY 1', '--csv'], { cwd: folder }),
    ).toBe('business_unit\nPayments\nRetail\nRisk\n')
    await simulator.stop()
  })
})
