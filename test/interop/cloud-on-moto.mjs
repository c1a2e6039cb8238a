// Runs the cloud commands against moto's server, an independent reimplementation of AWS's interfaces, for every call that it has.
// Part of `npm run interop`; says so and ends well where moto is not installed.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { DescribeProcessingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'

const project = resolve(import.meta.dirname, '..', '..')
const cliFile = join(project, 'out', 'main', 'cli.cjs')
const region = 'eu-west-1'

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
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
  HEADROOM_HOME: join(folder, 'home'),
}
/** @param {string[]} args */
const headroom = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cliFile, ...args], { encoding: 'utf8', env, cwd: folder })
  return { status, stdout, stderr }
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
  await new S3Client({ ...common, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: 'capacity', CreateBucketConfiguration: { LocationConstraint: region } }),
  )
  const trust = readFileSync(join(project, 'resources', 'cloud', 'trust-policy.json'), 'utf8')
  const { Role } = await new IAMClient(common).send(
    new CreateRoleCommand({ RoleName: 'Headroom', Path: '/service-role/', AssumeRolePolicyDocument: trust }),
  )
  const settings = ['--bucket', 'capacity', '--role', Role?.Arn ?? '']

  // What `cloud setup` prints is built by moto, and preflight passes on it.
  const setup = ['--bucket', 'printed-data', '--role-name', 'Printed', '--account', '123456789012', '--region', region, '--spark', '--vpc']
  const template = headroom('cloud', 'setup', '--format', 'cloudformation', ...setup).stdout
  const build = `import boto3, sys; boto3.client('cloudformation').create_stack(StackName='headroom', TemplateBody=sys.stdin.read(), Capabilities=['CAPABILITY_NAMED_IAM'])`
  const stack = spawnSync(python, ['-c', build], { encoding: 'utf8', input: template, env: { ...env, AWS_DEFAULT_REGION: region } })
  expectThat('setup: moto builds the CloudFormation template', stack.status === 0, stack.stderr)
  headroom('sample', '--servers', '20', '--out', 'fleet.parquet', '--quiet')

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
  const described = await new SageMakerClient(common)
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
  await new S3Client({ ...common, forcePathStyle: true }).send(
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
  if (moto.pid !== undefined) process.kill(-moto.pid, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1
