// Runs the cloud commands against moto's server, an independent reimplementation of AWS's interfaces, for every call that it has.
// Part of `npm run interop`; says so and ends well where moto is not installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { DescribeProcessingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'
import { expectThat } from './expectations.mjs'
import { python, startMoto } from './moto-server.mjs'

const project = resolve(import.meta.dirname, '..', '..')
const cliFile = join(project, 'out', 'main', 'cli.cjs')

const moto = await startMoto()
if (moto === undefined) process.exit(0)
const { region } = moto
const folder = mkdtempSync(join(tmpdir(), 'headroom-moto-'))
const env = { ...process.env, ...moto.environment, HEADROOM_HOME: join(folder, 'home') }
/** @param {string[]} args */
const headroom = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cliFile, ...args], { encoding: 'utf8', env, cwd: folder })
  return { status, stdout, stderr }
}

try {
  await new S3Client({ ...moto.client, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: 'capacity', CreateBucketConfiguration: { LocationConstraint: region } }),
  )
  const trust = readFileSync(join(project, 'resources', 'cloud', 'trust-policy.json'), 'utf8')
  const { Role } = await new IAMClient(moto.client).send(
    new CreateRoleCommand({ RoleName: 'Headroom', Path: '/service-role/', AssumeRolePolicyDocument: trust }),
  )
  const settings = ['--bucket', 'capacity', '--role', Role?.Arn ?? '']

  // What `cloud setup` prints is built by moto, and preflight passes on it.
  const setup = ['--bucket', 'printed-data', '--role-name', 'Printed', '--account', '123456789012', '--region', region, '--spark', '--vpc']
  const template = headroom('cloud', 'setup', '--format', 'cloudformation', ...setup).stdout
  const build = `import boto3, sys; boto3.client('cloudformation').create_stack(StackName='headroom', TemplateBody=sys.stdin.read(), Capabilities=['CAPABILITY_NAMED_IAM'])`
  const stack = spawnSync(python, ['-c', build], { encoding: 'utf8', input: template, env: { ...env, AWS_DEFAULT_REGION: region } })
  expectThat('setup: moto builds the CloudFormation template', stack.status === 0, stack.stderr)
  headroom('sample', '--end', '2026-11-22', '--servers', '20', '--out', 'fleet.parquet', '--quiet')

  const preflight = headroom('cloud', 'preflight', 'fleet.parquet', ...settings, '--json')
  const { checks = [] } = preflight.stdout === '' ? {} : JSON.parse(preflight.stdout)
  for (const id of ['identity', 'bucket', 'output', 'role']) {
    const check = checks.find((/** @type {{ id: string }} */ line) => line.id === id)
    expectThat(`preflight: ${id}`, check?.state === 'ok', JSON.stringify(check) ?? preflight.stderr)
  }
  const printedRole = ['--bucket', 'printed-data', '--role', 'arn:aws:iam::123456789012:role/service-role/Printed']
  const onPrinted = headroom('cloud', 'preflight', 'fleet.parquet', ...printedRole, '--json')
  const failed = (onPrinted.stdout === '' ? [] : JSON.parse(onPrinted.stdout).checks).filter(
    (/** @type {{ state: string }} */ { state }) => state === 'failed',
  )
  expectThat(
    'preflight passes on what setup printed',
    onPrinted.status === 0 && failed.length === 0,
    JSON.stringify(failed) + onPrinted.stderr,
  )
  const launched = headroom('cloud', 'launch', 'fleet.parquet', ...settings)
  const job = launched.stdout.trim()
  expectThat('launch: upload in parts and CreateProcessingJob', launched.status === 0 && job.startsWith('headroom-'), launched.stderr)
  const described = await new SageMakerClient(moto.client)
    .send(new DescribeProcessingJobCommand({ ProcessingJobName: job }))
    .catch((error) => error)
  expectThat(
    'the job is described as it was made',
    described.AppSpecification?.ContainerArguments?.includes(job.slice('headroom-'.length)) === true,
    JSON.stringify(described),
  )
  const again = headroom('cloud', 'launch', 'fleet.parquet', ...settings, '--json')
  expectThat(
    'launch: what is there is not sent again',
    again.stdout.includes('"skipped"') && !/"bytes":(\d+),"file":"headroom-engine.tar.gz","skipped":0,/.test(again.stdout),
    again.stderr,
  )
  await new S3Client({ ...moto.client, forcePathStyle: true }).send(
    new PutObjectCommand({ Bucket: 'capacity', Key: 'forecasts/fleet.parquet', Body: readFileSync(join(folder, 'fleet.parquet')) }),
  )
  const inBucket = headroom('cloud', 'launch', 's3://capacity/forecasts/', ...settings)
  const topic = 'arn:aws:sns:eu-west-1:123456789012:planners'
  const schedule = headroom('cloud', 'schedule', inBucket.stdout.trim(), '--at', 'cron(0 6 * * ? *)', '--topic', topic)
  const validation = spawnSync(python, [join(project, 'test', 'interop', 'schedule.py')], { encoding: 'utf8', input: schedule.stdout })
  expectThat('schedule: valid by the models of AWS', validation.status === 0, inBucket.stderr + schedule.stderr + validation.stderr)
  const jobs = headroom('cloud', 'jobs', '--json')
  expectThat('jobs', jobs.status === 0 && jobs.stdout.includes(job), jobs.stderr)
  const logs = headroom('cloud', 'logs', job)
  expectThat('logs: nothing said yet', logs.status === 0, logs.stderr)
  const fetched = headroom('cloud', 'fetch', `s3://capacity/headroom/inputs/`, 'came')
  expectThat('fetch: what is no run is not opened', fetched.status === 4 && !existsSync(join(folder, 'came')), fetched.stderr)
} finally {
  moto.stop()
  rmSync(folder, { recursive: true, force: true })
}
