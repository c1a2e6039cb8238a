// Collects from CloudWatch as moto's server has it, an independent reimplementation, and compares every value with what was put in.
// Part of `npm run interop`; says so and ends well where moto is not installed.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { CreateTagsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { DuckDBInstance } from '@duckdb/node-api'

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
const cliFile = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
const region = 'eu-west-1'
const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const [command, ...first] =
  [['moto_server'], [python, '-m', 'moto.server']].find(
    ([program = '', ...args]) => spawnSync(program, [...args, '--help'], { encoding: 'utf8' }).status === 0,
  ) ?? []
if (command === undefined) {
  console.log('Skipped: moto is not installed (pip install "moto[server]"; HEADROOM_PYTHON names the Python that has it).')
  process.exit(0)
}

const port = await new Promise((done) => {
  const probe = createServer()
  probe.listen(0, '127.0.0.1', () => {
    const { port: free } = /** @type {import('node:net').AddressInfo} */ (probe.address())
    probe.close(() => done(free))
  })
})
const endpoint = `http://127.0.0.1:${port}`
const folder = mkdtempSync(join(tmpdir(), 'headroom-moto-'))
const moto = spawn(command, [...first, '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', detached: true })
const env = {
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: 'testing',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_EC2_METADATA_DISABLED: 'true',
}
let failures = 0
/** @param {string} what @param {boolean} isGood @param {unknown} [detail] */
const expectThat = (what, isGood, detail = '') => {
  console.log(`${isGood ? 'ok      ' : 'FAILED  '}${what}${isGood ? '' : `\n${String(detail)}`}`)
  if (!isGood) failures += 1
}

try {
  for (let waited = 0; waited < 100; waited += 1) {
    if (
      await fetch(`${endpoint}/moto-api/`).then(
        () => true,
        () => false,
      )
    )
      break
    await pause(100)
  }
  const common = { endpoint, region, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } }
  const ec2 = new EC2Client(common)
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: 'ami-12c6146b', InstanceType: 'm5.large', MinCount: 3, MaxCount: 3 }),
  )
  const ids = Instances.map(({ InstanceId = '' }) => InstanceId)
  await ec2.send(new CreateTagsCommand({ Resources: ids, Tags: [{ Key: 'business_unit', Value: 'Retail' }] }))
  const cloudWatch = new CloudWatchClient(common)
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
  if (moto.pid !== undefined) process.kill(-moto.pid, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1
