// Preflight: each check finds its fault and names the fix; launches within SageMaker's limits pass, all others are refused.
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildJobRequest, type JobSpec } from '../../../src-main/cloud/jobs/job-request.ts'
import { chooseInstanceType, findImage, requiredVolumeGb, suggestSparkInstances } from '../../../src-main/cloud/jobs/instance-types.ts'
import { priceListName, shippedPrices } from '../../../src-main/cloud/account/price-list.ts'
import { estimateRunCostUsd } from '../../../src-main/cloud/launch/plan-resources.ts'
import { checkForecasts } from '../../../src-main/cloud/preflight/check-forecasts.ts'
import { waitForRun } from '../../../src-main/cloud/launch/wait-for-run.ts'
import { preflight } from '../../../src-main/cloud/preflight/preflight.ts'
import type { PreflightCheck } from '../../../src-shared/cloud/cloud-job.ts'
import { cloudSettingsSchema, processingLimits, type LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'
import { writeLargeForecasts } from '../../fixtures/large-forecasts.ts'
import { smallForecasts } from '../../fixtures/small-forecasts.ts'
import { defaultChecksum, storeObject } from '../../simulator/s3-objects.ts'
import { makeSampleFleet, type SampleRun } from '../../fixtures/sample-run.ts'
import { listExecutionRoles } from '../../../src-main/cloud/preflight/check-role.ts'

let workspace: CloudWorkspace
let fleet: SampleRun
beforeAll(async () => {
  fleet = await makeSampleFleet(12)
})
afterAll(() => fleet.remove())
beforeEach(async () => {
  workspace = await openCloudWorkspace()
  workspace.bucket.objects.clear()
  workspace.put('forecasts/fleet.parquet', await readFile(fleet.forecasts))
  workspace.simulator.account.quotas.set('ml.m5.large for processing job usage', 4)
})
afterEach(() => workspace.close())

const runPreflight = (settings: object = {}, overrides: Partial<LaunchRequest> = {}) =>
  preflight(workspace.connection, workspace.request(settings, overrides))
const checkOf = async (id: string, settings: object = {}, overrides: Partial<LaunchRequest> = {}): Promise<PreflightCheck | undefined> =>
  (await runPreflight(settings, overrides)).checks.find((check) => check.id === id)

describe('preflight', () => {
  it('passes without faults, changes nothing and downloads no file', async () => {
    const found = await runPreflight()
    expect(found.checks.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'identity ok',
      'bucket ok',
      'input ok',
      'output ok',
      'role ok',
      'image ok',
      'machine ok',
      'engine ok',
      'network ok',
      'cost ok',
    ])
    expect(found).toMatchObject({
      passed: true,
      instanceType: 'ml.m5.large',
      caller: { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/planner' },
    })

    expect(found.checks.find(({ id }) => id === 'input')?.detail).toMatch(/^1 file in S3, [\d,]+ rows, \d+\.\d MB$/)
    expect([...workspace.bucket.objects.keys()]).toEqual(['forecasts/fleet.parquet'])
    expect([workspace.bucket.uploads.size, workspace.simulator.requestsOf('PutObject').length]).toEqual([0, 0])
    expect(workspace.simulator.requestsOf('GetObject').map(({ status }) => status)).toEqual([206])
  })

  it('stops at an unknown identity', async () => {
    workspace.simulator.account.keys.clear()
    expect(await runPreflight()).toMatchObject({ passed: false, caller: null, checks: [{ id: 'identity', state: 'failed' }] })
  })

  it('reports buckets that are missing, denied or in another region', async () => {
    expect(await checkOf('bucket', { bucket: 'no-such-bucket' })).toMatchObject({
      state: 'failed',
      detail: 'There is no bucket no-such-bucket.',
    })
    workspace.simulator.addBucket('far-away', 'us-west-2')
    expect(await checkOf('bucket', { bucket: 'far-away' })).toMatchObject({
      state: 'failed',
      next: 'Launch in us-west-2, or choose a bucket in eu-west-1.',
    })
    workspace.simulator.account.denied.set('s3:HeadBucket', 'Access Denied')
    expect(await checkOf('bucket')).toMatchObject({ state: 'failed', next: expect.stringContaining('Request this permission') })
  })

  it('reports inputs that are empty, not Parquet, truncated, or lack a column', async () => {
    const input = `s3://${workspaceBucket}/other/`
    expect(await checkOf('input', {}, { input })).toMatchObject({ state: 'failed', detail: `There are no objects below ${input}.` })
    workspace.put('other/readme.txt', 'hello')
    expect((await checkOf('input', {}, { input }))?.detail).toContain('None of the 1 objects')
    workspace.put('other/part.parquet', (await readFile(fleet.forecasts)).subarray(0, 20_000))
    expect(await checkOf('input', {}, { input })).toMatchObject({
      state: 'failed',
      detail: 'other/part.parquet is not a whole Parquet file.',
    })
    const renamed = Buffer.from(await readFile(fleet.forecasts))
    for (let at = renamed.indexOf('server_id'); at >= 0; at = renamed.indexOf('server_id', at + 1))
      renamed.write('servername', at, 9, 'latin1')
    workspace.put('other/part.parquet', renamed)
    expect((await checkOf('input', {}, { input }))?.detail).toMatch(/^other\/part\.parquet has no column server_id; it has servernam,/)
  })

  it('names files that are left out, in S3 and on this machine', async () => {
    const input = `s3://${workspaceBucket}/mixed/`
    workspace.put('mixed/part.parquet', await readFile(fleet.forecasts))
    workspace.put('mixed/notes.txt', 'no forecast')
    workspace.put('mixed/_SUCCESS', '')
    const folder = await mkdtemp(join(tmpdir(), 'headroom-mixed-'))
    await copyFile(fleet.forecasts, join(folder, 'part.parquet'))
    await writeFile(join(folder, 'notes.txt'), 'no forecast')
    for (const found of [await checkOf('input', {}, { input }), await checkOf('input', {}, { input: [folder] })]) {
      expect(found?.state).toBe('warning')
      expect(found?.detail).toMatch(/^1 file .* MB\. 1 file is left out, since it is not Parquet, CSV or JSON: notes\.txt\.$/)
    }
    await rm(folder, { recursive: true })
  })

  describe('text files', () => {
    const input = `s3://${workspaceBucket}/text/`
    const known = 'host,time,forecast\nweb-1,2027-01-01,50\n'
    const unknown = `box;day;plan\n${'web-1;2027-01-01;50,5\n'.repeat(40_000)}`
    const map = { server_id: 'box', timestamp: 'day', predicted: 'plan' }
    const engineTask = (config: object, more: object = {}): Partial<LaunchRequest> => ({
      input,
      task: { kind: 'engine', method: 'headroom', config: { ...config }, ...more },
    })

    it('are judged by a first part of each, with the columns that the configuration states', async () => {
      workspace.put('text/part-0.csv', unknown)
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({
        state: 'failed',
        detail: 'text/part-0.csv has no columns server_id, timestamp, predicted; it has box, day, plan.',
        next: expect.stringContaining('--map server_id='),
      })
      expect(await checkOf('input', {}, engineTask({ map }))).toEqual({
        id: 'input',
        title: 'Forecasts',
        state: 'ok',
        detail: '1 file in S3, 0.9 MB',
      })
      expect(new Set(workspace.simulator.requestsOf('GetObject').map(({ status }) => status))).toEqual(new Set([206]))
    })

    it('may hold measurements, which the job forecasts, but not for a Spark cluster or Module 05', async () => {
      workspace.put('text/part-0.csv', 'host,time,value\nweb-1,2026-01-01,50\n')
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({ state: 'ok' })
      const module05 = { input, task: { kind: 'engine', method: 'module05', config: {} } } as const
      expect(await checkOf('input', {}, module05)).toMatchObject({
        state: 'failed',
        detail: 'text/part-0.csv has no column predicted; it has host, time, value.',
      })
    })

    it('are read as gzip by their first part, and as lines of JSON', async () => {
      workspace.put('text/part-0.csv.gz', gzipSync(unknown))
      expect(await checkOf('input', {}, engineTask({ map }))).toMatchObject({ state: 'ok' })
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({ state: 'failed' })
      workspace.bucket.objects.delete('text/part-0.csv.gz')
      workspace.put(
        'text/part-0.jsonl',
        '{"host":"a","time":"2027-01-01","forecast":1}\n{"host":"b","time":"2027-01-01","forecast":null}\n',
      )
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({ state: 'ok' })
    })

    it('are refused where they are damaged, and left to the job where a part does not show their columns', async () => {
      workspace.put('text/part-0.csv.gz', Buffer.from('no gzip'))
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({
        state: 'failed',
        detail: 'text/part-0.csv.gz is damaged: it cannot be decompressed.',
      })
      workspace.bucket.objects.delete('text/part-0.csv.gz')
      workspace.put('text/part-0.csv.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]))
      expect(await checkOf('input', {}, engineTask({}))).toMatchObject({
        state: 'warning',
        detail: '1 file in S3, 0.0 MB. The columns of text/part-0.csv.zst are checked when the job starts.',
      })
    })

    it('are left to the job where records hold the forecast, or where two files make up the rows', async () => {
      for (const line of ['{"host":"a","time":"2027-01-01","predicted_cpu":{"value":1}}', '{"mean":[1],"quantiles":{"0.1":[0]}}']) {
        workspace.put('text/part-0.jsonl', `${line}\n`)
        expect(await checkOf('input', {}, engineTask({}))).toMatchObject({
          state: 'warning',
          detail: '1 file in S3, 0.0 MB. The columns of text/part-0.jsonl are checked when the job starts.',
        })
      }
    })

    it('may be one object, or a local file', async () => {
      workspace.put('text/one.csv', known)
      workspace.put('text/other.csv', unknown)
      expect(await checkOf('input', {}, { ...engineTask({}), input: `${input}one.csv` })).toMatchObject({ state: 'ok' })
      const path = join(workspace.folder, 'local.csv')
      await writeFile(path, unknown)
      expect(await checkOf('input', {}, { ...engineTask({ map }), input: [path] })).toMatchObject({ state: 'ok' })
      expect(await checkOf('input', {}, { ...engineTask({}), input: [path] })).toMatchObject({ state: 'failed' })
    })

    it('ask what the engine would ask, and name a wrong setting', async () => {
      workspace.put('text/wide.csv', 'host,time,alpha,beta\nweb-1,2027-01-01,1,2\n')
      expect((await checkOf('input', {}, engineTask({})))?.detail).toMatch(/alpha, beta of text\/wide\.csv: --wide models/)
      expect(await checkOf('input', {}, engineTask({ wide: 'models' }))).toMatchObject({ state: 'ok' })
      expect((await checkOf('input', {}, engineTask({ wide: 'rows' })))?.detail).toMatch(/^wide must be models or servers or metrics/)
    })

    it('are refused for a Spark cluster before the launch, as wide Parquet is', async () => {
      workspace.put('text/one.csv', known)
      const spark = { spark: { instances: 2, planFolder: '/nowhere' } }
      expect(await checkOf('input', {}, engineTask({}, spark))).toMatchObject({
        state: 'failed',
        detail: 'text/one.csv must be converted, which a Spark cluster does not do.',
        next: 'Use a single instance, or write Parquet with one row per server, time and model.',
      })
      expect(await checkOf('input', {}, { ...engineTask({}, spark), input: `s3://${workspaceBucket}/forecasts/` })).toMatchObject({
        state: 'ok',
      })
    })
  })

  it('checks local files the same way', async () => {
    expect((await checkOf('input', {}, { input: [fleet.forecasts] }))?.detail).toMatch(/^1 file on this machine, /)
    await writeFile(join(workspace.folder, 'bad.parquet'), 'PAR1')
    expect(await checkOf('input', {}, { input: [join(workspace.folder, 'bad.parquet')] })).toMatchObject({ state: 'failed' })
    expect(await checkOf('input', {}, { input: [join(workspace.folder, 'none.parquet')] })).toMatchObject({
      state: 'failed',
      next: 'Check the path.',
    })
  })

  it('reports an S3 prefix without write access', async () => {
    workspace.simulator.account.denied.set('s3:CreateMultipartUpload', 'Access Denied')
    expect(await checkOf('output')).toMatchObject({
      state: 'failed',
      detail: `Missing s3:PutObject below s3://${workspaceBucket}/headroom/.`,
    })
  })

  it('reports roles that are missing, lack trust, have an incomplete ARN or cannot be read', async () => {
    expect((await checkOf('role', { roleArn: 'arn:aws:iam::123456789012:role/Nobody' }))?.detail).toBe(
      'There is no role Nobody in this account.',
    )
    expect((await checkOf('role', { roleArn: 'arn:aws:iam::123456789012:role/Planner' }))?.detail).toBe(
      'The role Planner does not trust sagemaker.amazonaws.com.',
    )
    const whole = workspace.simulator.account.roles.get('HeadroomProcessing')!.arn
    expect(await checkOf('role', { roleArn: 'arn:aws:iam::123456789012:role/HeadroomProcessing' })).toMatchObject({
      state: 'failed',
      next: `Use ${whole}.`,
    })
    workspace.simulator.account.denied.set('iam:GetRole', 'Access Denied')
    expect(await checkOf('role')).toMatchObject({ state: 'warning' })
  })

  it('reports images of other regions and quotas of 0, with an alternative', async () => {
    const imageUri = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'
    expect(await checkOf('image', { imageUri })).toMatchObject({
      state: 'failed',
      next: `Use ${findImage('scikit-learn', 'eu-west-1')!}.`,
    })
    expect(await checkOf('image', { imageUri: 'docker.io/library/debian:12' })).toMatchObject({ state: 'failed' })
    workspace.simulator.account.quotas.set('ml.m5.large for processing job usage', 0).set('ml.m5.2xlarge for processing job usage', 1)
    expect(await checkOf('machine')).toMatchObject({
      state: 'failed',
      detail: 'The account’s quota for ml.m5.large is 0.',
      next: expect.stringContaining('Choose ml.m5.2xlarge, or request a higher quota at https://'),
    })
    workspace.simulator.account.denied.set('servicequotas:ListServiceQuotas', 'no')
    expect(await checkOf('machine')).toMatchObject({ state: 'warning' })
  })

  it('checks image, instances and cost of a Spark cluster', async () => {
    const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 3, planFolder: '/not/there/yet' } } as const
    expect((await checkOf('image', {}, { task }))?.detail).toContain('/sagemaker-spark-processing:3.5-cpu-py312-v1.0')
    expect((await checkOf('network', {}, { task }))?.detail).toContain('reach S3 and each other')
    // An hour of 3 times 0.922 and of 0.115 USD, and storage of 30 GB for four: in eu-west-1 times 1.6, each rounded up.
    expect((await checkOf('cost', {}, { task }))?.detail).toMatch(/^Up to 4\.66 USD for 1\.0 h/)
    workspace.simulator.account.quotas.set('ml.m5.4xlarge for processing job usage', 2)
    expect(await checkOf('machine', {}, { task })).toMatchObject({
      state: 'failed',
      detail: 'The account’s quota for ml.m5.4xlarge is 2.',
      next: expect.stringMatching(/^Use 2 instances, or request/),
    })
    const elsewhere = workspace.request({ imageUri: '123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1' }, { task })
    expect((await preflight(workspace.connection, elsewhere)).checks.find(({ id }) => id === 'image')).toMatchObject({
      next: expect.stringContaining('sagemaker-spark-processing'),
    })
  })

  it('proposes a Spark cluster for forecasts that exceed the largest instance type', async () => {
    const path = join(workspace.folder, 'very-large.parquet')
    await writeLargeForecasts(path, fleet.forecasts, 60 * 2 ** 30)
    const found = await preflight(workspace.connection, workspace.request({}, { input: [path] }))
    // 64.4 GB at 13 GB per instance.
    expect(found.suggestedInstances).toBe(5)
    expect(found.checks.find(({ id }) => id === 'machine')).toMatchObject({ next: expect.stringContaining('--engine spark --instances 5') })
    expect((await runPreflight()).suggestedInstances).toBeNull()
    expect([40, 47, 48, 4000].map((gigabytes) => suggestSparkInstances(gigabytes * 2 ** 30))).toEqual([undefined, undefined, 4, 100])
  })

  it('takes the first of several instance types with capacity, after a look at the quota of each', async () => {
    const instanceType = 'ml.m5.large,ml.m6i.large,ml.m5.xlarge'
    const { account } = workspace.simulator
    account.quotas.set('ml.m6i.large for processing job usage', 1)
    account.quotas.set('ml.m5.xlarge for processing job usage', 0)
    expect(await checkOf('machine', { instanceType })).toMatchObject({
      state: 'failed',
      detail: 'The account’s quota for ml.m5.xlarge is 0.',
    })
    account.quotas.set('ml.m5.xlarge for processing job usage', 2)
    expect(await checkOf('machine', { instanceType })).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('; or ml.m6i.large; the quota allows 1; or'),
    })
    account.soldOut.add('ml.m5.large')
    const { runId, jobName } = await workspace.launch(workspace.request({ instanceType, costCeilingUsd: null }))
    expect(account.jobs.get(jobName)!.request).toMatchObject({
      ProcessingResources: {
        ClusterConfig: {
          InstanceCount: 1,
          InstancePreferences: [{ InstanceType: 'ml.m5.large' }, { InstanceType: 'ml.m6i.large' }, { InstanceType: 'ml.m5.xlarge' }],
        },
      },
    })
    await account.jobs.get(jobName)!.ended
    const ended = await waitForRun(workspace.connection, workspace.launchRecords, await workspace.launchRecords.get(runId), { pollMs: 1 })
    expect(ended.job).toMatchObject({ instanceType: 'ml.m6i.large', instances: 1, volumeGb: 30 })
    for (const wrong of ['ml.m5.large,ml.m5.large', 'ml.m5.large,', Array.from({ length: 6 }, (_, size) => `ml.m5.${size}xlarge`).join()])
      expect(cloudSettingsSchema.shape.instanceType.safeParse(wrong).success).toBe(false)
    const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 3, planFolder: '/not/there/yet' } } as const
    expect(await checkOf('machine', { instanceType }, { task })).toMatchObject({ state: 'failed', next: 'Name one instance type.' })
  })

  it('looks up an own image and its digest', async () => {
    const repository = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/engine'
    const digest = `sha256:${'ab'.repeat(32)}`
    expect(await checkOf('image', { imageUri: `${repository}:1` })).toMatchObject({
      state: 'failed',
      detail: 'There is no repository team/engine in the registry of this account.',
    })
    workspace.simulator.account.images.set('team/engine', new Map([['1', digest]]))
    for (const suffix of [':1', `@${digest}`]) {
      const detail = `${repository}${suffix}, digest ${digest}`
      expect(await checkOf('image', { imageUri: `${repository}${suffix}` })).toMatchObject({ state: 'ok', detail })
    }
    for (const suffix of [':2', `@sha256:${'cd'.repeat(32)}`])
      expect((await checkOf('image', { imageUri: `${repository}${suffix}` }))?.detail).toBe(
        `The repository team/engine has no image ${suffix.slice(1)}.`,
      )
    workspace.simulator.account.denied.set('ecr:DescribeImages', 'User is not authorized to perform: ecr:DescribeImages')
    expect(await checkOf('image', { imageUri: `${repository}:1` })).toMatchObject({
      state: 'warning',
      next: 'Request ecr:DescribeImages to check it before the launch.',
    })
    // AWS's own registries are not asked.
    const asked = workspace.simulator.requestsOf('DescribeImages').length
    expect(
      await checkOf('image', { imageUri: '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3' }),
    ).toMatchObject({ state: 'ok' })
    expect(workspace.simulator.requestsOf('DescribeImages')).toHaveLength(asked)
  })

  it('reports subnets without security group, a missing engine bundle and costs above the limit', async () => {
    expect(await checkOf('network', { subnets: ['subnet-1'] })).toMatchObject({ state: 'failed' })
    expect((await checkOf('network', { subnets: ['subnet-1'], securityGroupIds: ['sg-1'] }))?.detail).toContain('gateway endpoint')
    expect((await checkOf('encryption', { kmsKeyId: 'key-1' }))?.detail).toContain('kms:CreateGrant')
    expect(await checkOf('cost', { costCeilingUsd: 0.1 })).toMatchObject({ state: 'failed' })
    expect(await checkOf('cost', { instanceType: 'ml.m8i.large' })).toMatchObject({
      state: 'failed',
      detail: `The ${priceListName(shippedPrices('eu-west-1'))} does not contain ml.m8i.large, so the cost limit of 10 USD cannot be checked.`,
      next: expect.stringContaining('--cost-limit none'),
    })
    expect(await checkOf('cost', { instanceType: 'ml.m8i.large', costCeilingUsd: null })).toMatchObject({ state: 'warning' })
    process.env['HEADROOM_ENGINE'] = join(workspace.folder, 'nowhere')
    expect(await checkOf('engine')).toMatchObject({ state: 'failed', next: 'Create it with: npm run bundle:engine.' })
  })
})

describe('a service that cannot be reached', () => {
  it.each([
    ['GetRole', 'role', 'The role HeadroomProcessing cannot be read: IAM cannot be reached.'],
    ['ListServiceQuotas', 'machine', 'ml.m5.large (2 vCPUs, 8 GB); Service Quotas cannot be reached.'],
  ])('is a note where the launch works without it: %s', async (operation, id, detail) => {
    workspace.simulator.faults.add({ kind: 'reset', operation, times: 99 })
    const found = await runPreflight()
    expect(found).toMatchObject({ passed: true })
    expect(found.checks.find((check) => check.id === id)).toMatchObject({ state: 'warning', detail })
  })
})

describe('a launch', () => {
  const nothingHappened = () => {
    const { account, requestsOf } = {
      account: workspace.simulator.account,
      requestsOf: (name: string) => workspace.simulator.requestsOf(name),
    }
    expect([account.jobs.size, requestsOf('PutObject').length, requestsOf('CreateProcessingJob').length]).toEqual([0, 0, 0])
  }
  const project = () => join(workspace.folder, 'project')
  const task = { kind: 'python-module', projectFolder: '', script: join('src', 'module.py') } as const
  const moduleRequest = (settings: object = {}) => workspace.request(settings, { task: { ...task, projectFolder: project() } })
  const writeProject = async (code: string) => {
    for (const folder of ['src', 'config']) await mkdir(join(project(), folder), { recursive: true })
    await writeFile(join(project(), 'src', 'module.py'), code)
    await writeFile(join(project(), 'config', 'config.yaml'), 'a: 1\n')
  }

  it('is refused where a check fails, before anything is uploaded', async () => {
    const empty = `s3://${workspaceBucket}/empty/`
    const far = workspace.simulator.addBucket('far-away', 'us-west-2')
    storeObject(far, 'forecasts/a.parquet', smallForecasts, defaultChecksum(smallForecasts), new Date())
    const cases: readonly [LaunchRequest, string, unknown][] = [
      [workspace.request({}, { input: empty }), 'cloud-setup', `There are no objects below ${empty}.`],
      [
        workspace.request({}, { input: 's3://far-away/forecasts/' }),
        'cloud-setup',
        'far-away is in us-west-2, but the job runs in eu-west-1.',
      ],
      [workspace.request({}, { input: ['/no/such/file.parquet'] }), 'input-not-found', 'There is no /no/such/file.parquet.'],
      [
        workspace.request({ costCeilingUsd: 0.01 }),
        'cloud-limit',
        'The estimated cost of up to 0.20 USD exceeds the cost limit of 0.01 USD.',
      ],
      [
        workspace.request({ instanceType: 'ml.m5.xxlarge' }),
        'cloud-setup',
        expect.stringMatching(/^Processing jobs have no instance type ml\.m5\.xxlarge/),
      ],
    ]
    for (const [request, code, message] of cases) expect(await failureOf(workspace.launch(request))).toMatchObject({ code, message })
    nothingHappened()
    workspace.simulator.account.quotas.set('ml.m5.large for processing job usage', 0)
    const { code, next } = await failureOf(workspace.launch(workspace.request({ costCeilingUsd: 0.01 })))
    expect([code, next]).toEqual(['cloud-limit', expect.stringMatching(/ 1 more check failed; see headroom cloud preflight\.$/)])
    workspace.simulator.account.quotas.set('ml.m5.large for processing job usage', 4)
    expect((await workspace.launchUnchecked(workspace.request({}, { input: empty }))).stage).toBe('submitted')
  })

  it('of a module is refused without its script or config.yaml', async () => {
    await writeProject('print(1)\n')
    expect(await checkOf('module', {}, { task: { ...task, projectFolder: project() } })).toMatchObject({ state: 'ok' })
    for (const name of [join('config', 'config.yaml'), join('src', 'module.py')]) {
      await rm(join(project(), name))
      expect(await failureOf(workspace.launch(moduleRequest()))).toMatchObject({
        code: 'cloud-setup',
        message: `There is no ${name} in ${project()}.`,
      })
      await writeProject('print(1)\n')
    }
    nothingHappened()
  })

  it.each([
    'import os\nos.system("pip install pandas")\n',
    'import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", "pandas"])\n',
    "from pip._internal import main as pip\npip(['install', 'pandas'])\n",
  ])('of an isolated module that runs pip is refused: %j', async (code) => {
    await writeProject('import src.setup_packages\n')
    await writeFile(join(project(), 'src', 'setup_packages.py'), code)
    expect(await failureOf(workspace.launch(moduleRequest()))).toMatchObject({
      code: 'cloud-setup',
      message: 'setup_packages.py installs packages with pip, but the container has no network.',
      next: expect.stringContaining('--no-network-isolation'),
    })
    nothingHappened()
    expect((await workspace.launch(moduleRequest({ networkIsolation: false }))).stage).toBe('submitted')
  })

  it('of an isolated module that only speaks of pip in a comment is accepted', async () => {
    await writeProject('# pip install pandas\nprint(1)\n')
    expect((await workspace.launch(moduleRequest())).stage).toBe('submitted')
  })
})

describe('instance type, cost and image', () => {
  // 3 GB and eight times the input: 0.5 GB fits 8 GB, 1 GB (11 GB) needs 16, 40 GB (323 GB) needs 384; nothing is larger.
  it.each([
    [0, 'ml.m5.large'],
    [0.5, 'ml.m5.large'],
    [1, 'ml.m5.xlarge'],
    [40, 'ml.m5.24xlarge'],
    [4000, 'ml.m5.24xlarge'],
  ])('%d GB of forecasts: %s', (gigabytes, type) => expect(chooseInstanceType(gigabytes * 2 ** 30).type).toBe(type))

  // One hour: 0.23 USD + 0.14 x 30 / 720 = 0.2358, rounded up; elsewhere times 1.6 = 0.3773; of two types the dearer counts.
  it('costs at most the listed price', () => {
    const estimate = (instanceType: string, region: string) =>
      estimateRunCostUsd(workspace.request({ instanceType }), shippedPrices(region), { bytes: 0, unpackedBytes: 0 })
    expect(estimate('ml.m5.xlarge', 'us-east-1')).toBe(0.24)
    expect(estimate('ml.m5.xlarge', 'eu-west-1')).toBe(0.38)
    expect(estimate('ml.m5.large,ml.m5.xlarge', 'us-east-1')).toBe(0.24)
    expect(estimate('ml.m5.large,ml.m8i.large', 'us-east-1')).toBeNull()
  })

  // 10 GB, two and a half times the input and its unpacked size, so that 100 GB that unpack to 300 need 560.
  it.each([
    [0, 0, 30, 30],
    [5, 7, 30, 30],
    [100, 100, 30, 360],
    [100, 300, 30, 560],
    [100, 300, 800, 800],
    [10_000, 10_000, 30, 16_384],
  ])('a volume for %d GB of forecasts that unpack to %d, and at least %d GB: %d GB', (packed, unpacked, least, volume) =>
    expect(requiredVolumeGb({ bytes: packed * 1e9, unpackedBytes: unpacked * 1e9 }, least)).toBe(volume),
  )

  it('knows the unpacked size of text and Parquet from some files', async () => {
    const text = `server_id,timestamp,predicted\n${'web-1,2027-01-01,40\n'.repeat(5000)}`
    const [packed, plain] = [join(workspace.folder, 'a.csv.gz'), join(workspace.folder, 'a.csv')]
    await writeFile(packed, gzipSync(text))
    await writeFile(plain, text)
    const sizeOf = async (input: string | string[]) => (await checkForecasts(workspace.connection, workspace.request({}, { input }))).size
    const { bytes, unpackedBytes } = await sizeOf([packed])
    expect([bytes, Math.round(unpackedBytes)]).toEqual([gzipSync(text).length, text.length])
    expect(await sizeOf([plain])).toEqual({ bytes: text.length, unpackedBytes: text.length })
    const parquet = await sizeOf(`s3://${workspaceBucket}/forecasts/`)
    expect(parquet.unpackedBytes).toBeGreaterThan(parquet.bytes)
  })

  it('is refused if processing jobs do not have it', async () => {
    const launch = (instanceType: string) => failureOf(workspace.launch(workspace.request({ instanceType, costCeilingUsd: null })))
    expect(await launch('ml.m5.xlarg')).toMatchObject({
      code: 'cloud-setup',
      message: 'Processing jobs have no instance type ml.m5.xlarg (nearest: ml.m5.xlarge).',
    })
    // A Graviton type, which SageMaker has for inference alone.
    expect(await launch('ml.c7g.4xlarge')).toMatchObject({ code: 'cloud-setup' })
    expect(workspace.simulator.requestsOf('CreateProcessingJob')).toEqual([])
  })

  it('has an image in each region with a published one', () => {
    expect(findImage('scikit-learn', 'us-east-1')).toBe('683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3')
    expect(findImage('scikit-learn', 'cn-north-1')).toBe(
      '450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3',
    )
    expect(findImage('Spark', 'mx-central-1')).toBe(
      '211125459255.dkr.ecr.mx-central-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0',
    )
    expect([findImage('scikit-learn', 'mx-central-1'), findImage('scikit-learn', 'nowhere-1')]).toEqual([undefined, undefined])
  })
})

describe('a launch request', () => {
  const specOf = (settings: object = {}, overrides: Partial<JobSpec> = {}): JobSpec => ({
    request: workspace.request(settings),
    jobName: 'headroom-1',
    region: 'eu-west-1',
    imageUri: findImage('scikit-learn', 'eu-west-1')!,
    instanceType: 'ml.m5.large',
    mounts: [{ name: 'data', s3Uri: 's3://b/k/', localPath: '/opt/ml/processing/input/data' }],
    outputUri: 's3://b/out/',
    engineSha256: null,
    ...overrides,
  })
  const mounts = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `m${index}`, s3Uri: 's3://b/k/', localPath: `/opt/ml/processing/${index}` }))
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
  const long = (letters: number, overrides: object) =>
    ({ ...workspace.request().task, ...overrides, model: 'm'.repeat(letters) }) as LaunchRequest['task']

  it.each<[string, () => JobSpec]>([
    ['10 inputs', () => specOf({}, { mounts: mounts(10) })],
    ['a name of 63', () => specOf({}, { jobName: 'n'.repeat(63) })],
    ['49 tags besides Headroom’s', () => specOf({ tags: tags(49) })],
    ['an argument of 256', () => ({ ...specOf(), request: { ...workspace.request(), task: long(256, {}) } })],
    ['an address of 1024', () => specOf({}, { outputUri: `s3://${'k'.repeat(1019)}` })],
  ])('with %s is accepted', (_, make) => expect(buildJobRequest(make()).ProcessingJobName).toBeTypeOf('string'))

  it.each<[string, () => JobSpec]>([
    ['11 inputs', () => specOf({}, { mounts: mounts(11) })],
    ['a name of 64', () => specOf({}, { jobName: 'n'.repeat(64) })],
    ['50 tags besides Headroom’s', () => specOf({ tags: tags(50) })],
    ['an argument of 257', () => ({ ...specOf(), request: { ...workspace.request(), task: long(257, {}) } })],
    ['an address of 1025', () => specOf({}, { outputUri: `s3://${'k'.repeat(1020)}` })],
    ['an image of 256', () => specOf({}, { imageUri: 'i'.repeat(256) })],
  ])('with %s is refused before AWS is called', async (_, make) => {
    const { code, message } = await failureOf((async () => buildJobRequest(make()))())
    expect([code, /SageMaker allows \d+\.$/.test(message)]).toEqual(['cloud-limit', true])
  })

  const settings = { bucket: 'bucket', roleArn: 'arn:aws:iam::123456789012:role/R' }
  it.each<[string, object]>([
    ['a volume above 16,384 GB', { volumeGb: processingLimits.volumeGb + 1 }],
    ['a volume of nothing', { volumeGb: 0 }],
    ['a runtime above five days', { maxRuntimeSeconds: processingLimits.maxRuntimeSeconds + 1 }],
    ['17 subnets', { subnets: Array.from({ length: 17 }, String) }],
    ['6 security groups', { securityGroupIds: Array.from({ length: 6 }, String) }],
    ['a prefix that leads elsewhere', { prefix: 'a//b' }],
    ['a role that is no ARN', { roleArn: 'Role' }],
    ['a bucket in capitals', { bucket: 'Bucket' }],
    ['an unknown setting', { colour: 'green' }],
  ])('refuses settings with %s', (_, overrides) => expect(cloudSettingsSchema.safeParse({ ...settings, ...overrides }).success).toBe(false))
  it('accepts settings at the limits', () =>
    expect(
      cloudSettingsSchema.safeParse({
        ...settings,
        volumeGb: 16_384,
        maxRuntimeSeconds: 432_000,
        subnets: Array.from({ length: 16 }, String),
        securityGroupIds: ['1', '2', '3', '4', '5'],
      }).success,
    ).toBe(true))
})

describe('roles to choose from', () => {
  it('are the roles that SageMaker may assume, from all pages', async () => {
    const { roles } = workspace.simulator.account
    const arnOf = (name: string) => `arn:aws:iam::123456789012:role/${name}`
    for (let index = 0; index < 250; index += 1) {
      const name = `Role${String(index).padStart(3, '0')}`
      roles.set(name, { arn: arnOf(name), trusts: [index % 125 === 1 ? 'sagemaker.amazonaws.com' : 'lambda.amazonaws.com'] })
    }
    roles.set('Both', { arn: arnOf('Both'), trusts: ['lambda.amazonaws.com', 'sagemaker.amazonaws.com'] })
    roles.set('Nobody', { arn: arnOf('Nobody'), trusts: [] })
    const found = await listExecutionRoles(workspace.connection)
    expect(found).toEqual({
      roles: [arnOf('Both'), arnOf('service-role/HeadroomProcessing'), arnOf('Role001'), arnOf('Role126')],
      limited: undefined,
    })
    // 254 roles, 100 a page.
    expect(workspace.simulator.requestsOf('ListRoles')).toHaveLength(3)
  })
})
