// Prices of processing jobs: AWS's list where the user asked for it, else the shipped one; and what a job cost.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '../../../src-main/cloud/account/connection.ts'
import { costUsd, fetchPrices, savePrices, shippedPrices } from '../../../src-main/cloud/account/price-list.ts'
import { jobCostUsd } from '../../../src-main/cloud/jobs/job-end.ts'
import { waitForRun } from '../../../src-main/cloud/launch/wait-for-run.ts'
import { preflight } from '../../../src-main/cloud/preflight/preflight.ts'
import type { CloudEvent, JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { failureOf, openCloudWorkspace, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
let folder: string
const opened: Connection[] = []
const open = async (region?: string): Promise<Connection> => {
  const connection = await connect({ priceFolder: folder, region })
  opened.push(connection)
  return connection
}

beforeAll(async () => {
  workspace = await openCloudWorkspace()
  folder = join(workspace.folder, 'prices')
  for (const [type, usd] of [
    ['ml.m5.large', 0.128],
    ['ml.m5.xlarge', 0.257],
    ['ml.m8i.large', 0.14],
  ] as const)
    workspace.simulator.account.prices.set(type, usd)
})
afterAll(async () => {
  for (const { close } of opened) close()
  await workspace.close()
})

describe('the price list', () => {
  it('is the shipped one until the user asks for that of AWS, and then has its date', async () => {
    const before = await open()
    expect(before.prices).toEqual(shippedPrices('eu-west-1'))
    expect(workspace.simulator.requestsOf('GetProducts')).toEqual([])
    const today = new Date().toISOString().slice(0, 10)
    await savePrices(folder, await fetchPrices(await before.pricing(), 'eu-west-1', undefined))
    // Three types and the volume, in pages of two, asked where AWS serves its list.
    expect(workspace.simulator.requestsOf('GetProducts').map(({ region }) => region)).toEqual(['us-east-1', 'us-east-1'])
    const { prices } = await open()
    expect(prices).toEqual({
      region: 'eu-west-1',
      asOf: expect.stringMatching(new RegExp(`^(${today}|${new Date().toISOString().slice(0, 10)})$`)),
      source: 'AWS',
      storageUsdPerGbMonth: 0.154,
      usdPerHour: { 'ml.m5.large': 0.128, 'ml.m5.xlarge': 0.257, 'ml.m8i.large': 0.14 },
    })
    expect((await open('eu-central-1')).prices).toEqual(shippedPrices('eu-central-1'))
  })

  it('decides on the cost limit of a launch', async () => {
    const connection = await open()
    const { checks, mostUsd } = await preflight(connection, workspace.request({ instanceType: 'ml.m8i.large', maxRuntimeSeconds: 7200 }))
    // Two hours of 0.14 USD and of 30 GB at 0.154 USD per 720 hours: 0.2928, rounded up.
    expect(mostUsd).toBe(0.3)
    expect(checks.find(({ id }) => id === 'cost')?.detail).toMatch(/volume of 30 GB \(estimate, AWS price list of \d{4}-\d\d-\d\d\)$/)
  })

  it('is the shipped one where the file is damaged or of another region', async () => {
    const [name] = await readdir(folder)
    const path = join(folder, name!)
    const text = await readFile(path, 'utf8')
    for (const damaged of [text.slice(0, 40), text.replace('eu-west-1', 'eu-west-2'), text.replace('0.128', '-1'), '[]']) {
      await writeFile(path, damaged)
      expect((await open()).prices.source).toBe('shipped')
    }
    await writeFile(path, text)
  })

  it('refuses a region without prices in USD, and a partition without a list', async () => {
    const connection = await open('eu-central-1')
    expect(await failureOf(fetchPrices(await connection.pricing(), 'eu-central-1', undefined))).toMatchObject({
      message: 'AWS lists no prices of processing jobs in USD for eu-central-1.',
    })
    expect(await failureOf((await open('us-gov-west-1')).pricing())).toMatchObject({
      message: 'The partition aws-us-gov serves no price list.',
    })
  })
})

describe('what a job cost', () => {
  const job = {
    instanceType: 'ml.m5.xlarge',
    instances: 3,
    volumeGb: 72,
    startedAt: '2027-01-01T10:00:00Z',
    endedAt: '2027-01-01T10:20:00Z',
  } as JobState
  const prices = {
    region: 'x',
    asOf: '2027-01-01',
    source: 'AWS',
    storageUsdPerGbMonth: 0.1,
    usdPerHour: { 'ml.m5.xlarge': 0.25 },
  } as const

  // A third of an hour of three instances at 0.25 USD, each with 72 GB at 0.1 / 720 USD.
  it('is instances and volumes from start to end', () => {
    expect(jobCostUsd({ prices }, job)).toBeCloseTo(3 * (0.25 + 0.01) * (1 / 3), 12)
    for (const unknown of [{ instanceType: 'toString' }, { startedAt: null }, { endedAt: null }, { instances: null }])
      expect(jobCostUsd({ prices }, { ...job, ...unknown })).toBeNull()
    expect(costUsd(prices, { type: 'ml.m5.xlarge', count: 1, seconds: 3600, volumeGb: 0 })).toBe(0.25)
  })

  it('is told at the end of a launch and stays in its record', async () => {
    const launched = await workspace.launch(workspace.request({ instanceType: 'ml.m5.large' }))
    const events: CloudEvent[] = []
    const follow = () =>
      waitForRun(workspace.connection, workspace.launchRecords, launched, { pollMs: 1, onEvent: (event) => events.push(event) })
    const ended = await follow()
    const usd = jobCostUsd(workspace.connection, ended.job!)!
    expect(usd).toBeGreaterThan(0)
    expect((await workspace.launchRecords.get(launched.runId)).costs).toEqual({ [launched.jobName]: usd })
    // Followed again, it counts once.
    await follow()
    const told = { type: 'cost', usd, most_usd: launched.mostUsd }
    expect(events.filter(({ type }) => type === 'cost')).toEqual([told, told])
  })
})
