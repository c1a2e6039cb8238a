// Collects from CloudWatch as moto's server has it, an independent reimplementation, and compares every value with what was put in.
// Part of `npm run interop`; says so and ends well where moto is not installed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { CreateTagsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { DuckDBInstance } from '@duckdb/node-api'
import { expectThat } from './expectations.mjs'
import { startMoto } from './moto-server.mjs'

const cliFile = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')

const moto = await startMoto()
if (moto === undefined) process.exit(0)
const folder = mkdtempSync(join(tmpdir(), 'headroom-moto-'))
const env = { ...process.env, ...moto.environment }

try {
  const ec2 = new EC2Client(moto.client)
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: 'ami-12c6146b', InstanceType: 'm5.large', MinCount: 3, MaxCount: 3 }),
  )
  const ids = Instances.map(({ InstanceId = '' }) => InstanceId)
  await ec2.send(new CreateTagsCommand({ Resources: ids, Tags: [{ Key: 'business_unit', Value: 'Retail' }] }))
  const cloudWatch = new CloudWatchClient(moto.client)
  // The hour before is not yet finished for a collect.
  const end = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000
  const hours = 72
  /** @param {number} server @param {number} hour */
  const valueOf = (server, hour) => 20 + 10 * server + (hour % 24)
  for (const [server, id] of ids.entries()) {
    for (let from = 0; from < hours; from += 24) {
      const MetricData = Array.from({ length: 24 }, (_, index) => ({
        MetricName: 'CPUUtilization',
        Dimensions: [{ Name: 'InstanceId', Value: id }],
        Timestamp: new Date(end - (hours - from - index) * 3_600_000),
        Value: valueOf(server, from + index),
        Unit: /** @type {const} */ ('Percent'),
      }))
      await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'AWS/EC2', MetricData }))
    }
  }
  // It knows no percentiles.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      cliFile,
      'collect',
      'cloudwatch',
      '--statistic',
      'max',
      '--days',
      '3',
      '--until',
      new Date(end).toISOString().replace('.000', ''),
      '--out',
      'fleet.parquet',
    ],
    { encoding: 'utf8', env, cwd: folder },
  )
  expectThat('collect', status === 0, `${stdout}${stderr}`)
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(
    `SELECT server_id, CAST(epoch("timestamp") AS BIGINT) AS seconds, actual FROM read_parquet('${join(folder, 'fleet.parquet')}')`,
  )
  const rows = reader.getRows()
  const wrong = rows.filter(
    ([id, seconds, value]) => Number(value) !== valueOf(ids.indexOf(String(id)), hours - (end / 1000 - Number(seconds)) / 3600),
  )
  expectThat(
    `each of ${rows.length} values as it was put in`,
    rows.length === 3 * hours && wrong.length === 0,
    JSON.stringify(wrong.slice(0, 3), (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
  )
  const servers = await connection.runAndReadAll(
    `SELECT server_id, business_unit, instance_type FROM read_csv('${join(folder, 'fleet.servers.csv')}') ORDER BY 1`,
  )
  expectThat(
    'tags become the servers table',
    JSON.stringify(servers.getRows()) ===
      JSON.stringify([...ids].sort((a, b) => a.localeCompare(b)).map((id) => [id, 'Retail', 'm5.large'])),
    JSON.stringify(servers.getRows()),
  )
} finally {
  moto.stop()
  rmSync(folder, { recursive: true, force: true })
}
