// Every failure that users meet, caused in the simulated account: its explanation and its next step.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toCloudError } from '../../src-main/cloud/account/cloud-error.ts'
import { identifyCaller } from '../../src-main/cloud/account/connection.ts'
import { downloadRunFolder } from '../../src-main/cloud/download/download-run-folder.ts'
import { followJob } from '../../src-main/cloud/jobs/follow-job.ts'
import { JobLog } from '../../src-main/cloud/jobs/job-log.ts'
import { listJobs } from '../../src-main/cloud/jobs/list-jobs.ts'
import type { CloudEvent, JobState } from '../../src-shared/cloud/cloud-job.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../fixtures/cloud-workspace.ts'
import type { JobFault } from '../simulator/faults.ts'
import { diagnoseFailure } from '../../src-main/cloud/account/failure-rules.ts'
import { explainJobEnd } from '../../src-main/cloud/jobs/job-end.ts'
import { waitForRun } from '../../src-main/cloud/launch/wait-for-run.ts'
import { listExecutionRoles } from '../../src-main/cloud/preflight/check-role.ts'

let workspace: CloudWorkspace
beforeEach(async () => {
  workspace = await openCloudWorkspace()
})
afterEach(() => workspace.close())

const roleArn = () => workspace.simulator.account.roles.get('HeadroomProcessing')!.arn
const launchFailure = (settings: object = {}) => failureOf(workspace.launchUnchecked(workspace.request(settings)))

/** Launches, waits, and hands over why it ended badly. */
const failureAfter = async (fault: JobFault | undefined, settings: object = {}) => {
  if (fault !== undefined) workspace.simulator.faults.addToNextJob(fault)
  const cloudRun = await workspace.launch(workspace.request(settings))
  return failureOf(waitForRun(workspace.connection, workspace.launchRecords, cloudRun, { pollMs: 20 }))
}

describe('a response without a body', () => {
  it.each([
    [301, 'cloud-setup', 'The bucket is in another region.'],
    [400, 'cloud-sign-in', 'AWS credentials have expired.'],
    [403, 'cloud-refused', 'AWS denied access: Access denied (HTTP 403).'],
    [503, 'cloud-unreachable', 'AWS cannot be reached: AWS is busy (HTTP 503).'],
  ])('means by its status %i what a body would say', async (status, code, message) => {
    workspace.simulator.faults.add({ kind: 'error', operation: 'HeadObject', code: 'Unseen', message: 'unseen', status, times: 6 })
    const thrown: unknown = await workspace.connection.s3
      .send(new HeadObjectCommand({ Bucket: workspaceBucket, Key: 'forecasts/part.parquet' }))
      .catch((error: unknown) => error)
    expect(toCloudError(thrown)).toMatchObject({ code, message })
  })
})

describe('a launch is refused', () => {
  it('without iam:PassRole, and names the missing permission', async () => {
    const message = `User: arn:aws:iam::123456789012:user/planner is not authorized to perform: iam:PassRole on resource: ${roleArn()}`
    workspace.simulator.account.denied.set('sagemaker:CreateProcessingJob', message)
    const { code, next } = await launchFailure()
    expect(code).toBe('cloud-refused')
    expect(next).toContain('"Action":"iam:PassRole"')
    expect(next).toContain('"iam:PassedToService":"sagemaker.amazonaws.com"')
    expect(next).toContain(roleArn())
  })

  it('with a role that SageMaker cannot assume, and names trust policy and path', async () => {
    const { code, message, next } = await launchFailure({ roleArn: 'arn:aws:iam::123456789012:role/HeadroomProcessing' })
    expect([code, message]).toEqual(['cloud-setup', 'SageMaker may not assume the role arn:aws:iam::123456789012:role/HeadroomProcessing.'])
    expect(next).toContain('service-role/')
  })

  it('when the quota is 0, and names the page and another type', async () => {
    workspace.simulator.account.quotas.set('ml.m5.4xlarge for processing job usage', 0)
    const { code, message, next } = await launchFailure({ instanceType: 'ml.m5.4xlarge' })
    expect([code, message]).toEqual(['cloud-limit', 'The account’s quota for ml.m5.4xlarge is used up or 0.'])
    expect(next).toContain('https://eu-west-1.console.aws.amazon.com/servicequotas/')
    // The sizes between have no quota either; without the right to look, none is offered.
    workspace.simulator.account.quotas.set('ml.m5.24xlarge for processing job usage', 1)
    expect((await launchFailure({ instanceType: 'ml.m5.4xlarge' })).next).toMatch(/^Choose ml\.m5\.24xlarge, or request a higher quota at /)
    workspace.simulator.account.denied.set('servicequotas:ListServiceQuotas', 'no')
    expect((await launchFailure({ instanceType: 'ml.m5.4xlarge' })).next).toMatch(
      /^Choose another instance type, or request a higher quota at /,
    )
  })

  it('for too large a volume, and proposes a smaller one', async () => {
    expect(await launchFailure({ volumeGb: 2000 })).toMatchObject({
      code: 'cloud-limit',
      next: expect.stringMatching(/^Choose a smaller volume\./),
    })
  })

  it('with an image of another region, and proposes the right one', async () => {
    const imageUri = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'
    const { code, next } = await launchFailure({ imageUri })
    expect(code).toBe('cloud-setup')
    expect(next).toContain('141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3')
  })

  it('with a key that may not be used, and names the missing permissions', async () => {
    workspace.simulator.account.deniedKmsKeys.add('key-1')
    const { code, message, next } = await launchFailure({ kmsKeyId: 'key-1' })
    expect([code, message]).toEqual(['cloud-refused', 'Missing permission for the KMS key key-1.'])
    expect(next).toContain('kms:GenerateDataKey')
    expect(next).toContain('kms:CreateGrant')
  })

  it('above the cost limit, before any upload', async () => {
    // (48 h x 5.53 USD + 0.14 USD x 30 GB x 48/720 of a month) x 1.6 for a region other than the list’s = 425.152, rounded up.
    const { code, message } = await launchFailure({ instanceType: 'ml.m5.24xlarge', maxRuntimeSeconds: 48 * 3600 })
    expect([code, message]).toEqual(['cloud-limit', 'The estimated cost of up to 425.16 USD exceeds the cost limit of 10 USD.'])
    expect(workspace.simulator.requestsOf('PutObject')).toEqual([])
  })
})

describe('a launch that fails after it began', () => {
  const resume = /Resume it with: headroom cloud launch --resume \d{14}[0-9a-f]{6}\.$/

  it('says how it resumes; before it began, there is nothing to resume', async () => {
    workspace.simulator.faults.add({ kind: 'error', operation: 'PutObject', code: 'AccessDenied', message: 'no', status: 403 })
    expect((await failureOf(workspace.launch(workspace.request()))).next).toMatch(resume)
    expect((await failureOf(workspace.launch(workspace.request({ costCeilingUsd: 0.01 })))).next).not.toMatch(resume)
    const controller = new AbortController()
    const cancelled = workspace.launch(workspace.request(), controller.signal, ({ type }) => type === 'planned' && controller.abort())
    expect(await failureOf(cancelled)).toMatchObject({ code: 'cancelled', next: expect.stringMatching(resume) })
  })

  it('names the job that it left behind, with its page; a refused one leaves none', async () => {
    workspace.simulator.account.denied.set('sagemaker:DescribeProcessingJob', 'User is not authorized')
    const request = workspace.request()
    const { next } = await failureOf(workspace.launch(request))
    const [name] = workspace.simulator.account.jobs.keys()
    expect(name).toBe(`headroom-${request.runId}`)
    expect(next).toContain(`The job ${name} may run already: https://eu-west-1.console.aws.amazon.com/sagemaker/home?`)
    expect(next).toMatch(resume)
    const refused = workspace.request({ roleArn: 'arn:aws:iam::123456789012:role/Nobody' })
    expect((await failureOf(workspace.launchUnchecked(refused))).next).not.toContain('may run already')
    expect(await workspace.launchRecords.get(refused.runId)).toMatchObject({ stage: 'planned', job: null })
  })
})

describe('a job ends badly', () => {
  it('when its input may not be read', async () => {
    workspace.simulator.account.denied.set('role:s3:GetObject', 'AccessDenied (403): Access Denied')
    const { code, message, next } = await failureAfter(undefined)
    expect([code, message.startsWith('The job could not read its input')]).toEqual(['cloud-job-failed', true])
    expect(next).toMatch(/s3:GetObject and s3:ListBucket.*gateway endpoint/)
  })

  it('without capacity, and proposes a later time or the next type', async () => {
    const { message, next } = await failureAfter({ kind: 'capacity' }, { instanceType: 'ml.m5.xlarge' })
    expect([message, next]).toEqual(['AWS has no ml.m5.xlarge available at the moment.', 'Launch again later, or with ml.m5.2xlarge.'])
  })

  it('out of memory, and proposes the next larger size', async () => {
    const { code, message, next } = await failureAfter({ kind: 'out-of-memory' }, { instanceType: 'ml.m5.large' })
    expect(code).toBe('cloud-job-failed')
    expect(message).toContain('probably because it ran out of memory on ml.m5.large (8 GB)')
    expect(next).toBe('Launch again on ml.m5.xlarge.')
  })

  it('out of memory, with the progress that the engine reported', async () => {
    // 7.5 x 2^30 bytes.
    const script = 'echo \'{"type":"step","peak_memory_bytes":8053063680}\'; sleep 0.3; kill -9 $$'
    await writeFile(join(workspace.folder, 'engine', 'run.sh'), script)
    const { message, next } = await failureAfter(undefined, { instanceType: 'ml.m5.large' })
    expect(message).toBe(
      'The job was killed, probably because it ran out of memory on ml.m5.large (8 GB); its last reported peak is 7.5 GB.',
    )
    expect(next).toBe('Launch again on ml.m5.xlarge.')
  })

  it('at its max runtime, and proposes more time or a larger instance type', () => {
    const ran = (seconds: number) => {
      const endedAt = new Date(Date.parse('2027-03-15T10:00:00Z') + seconds * 1000).toISOString()
      const job = { status: 'Stopped', startedAt: '2027-03-15T10:00:00.000Z', endedAt } as JobState
      return explainJobEnd(job, {}, 3600)
    }
    expect(ran(3601)).toMatchObject({
      code: 'cloud-job-stopped',
      message: 'The job reached its max runtime of 3600 seconds and was stopped.',
      next: 'Launch again with a longer max runtime or a larger instance type.',
    })
    expect(ran(600)?.message).toBe('The job was stopped before it completed.')
  })

  it('with an internal error in a VPC, and names the network-interface permissions', async () => {
    const { next } = await failureAfter({
      kind: 'fails',
      reason: 'InternalServerError: We encountered an internal error. Please try again.',
    })
    expect(next).toContain('network-interface permissions')
  })

  it('when the image is not there', async () => {
    const { code, next } = await failureAfter({ kind: 'fails', reason: 'ClientError: manifest unknown: Requested image not found' })
    expect([code, next?.includes('141502667606.dkr.ecr.eu-west-1')]).toEqual(['cloud-setup', true])
  })

  it('without a reason when it was stopped', async () => {
    expect(await failureAfter({ kind: 'stops' })).toMatchObject({
      code: 'cloud-job-stopped',
      message: 'The job was stopped before it completed.',
    })
  })

  it('with the container’s message if no rule matches', async () => {
    await writeFile(join(workspace.folder, 'engine', 'run.sh'), 'printf "fleet.parquet has no rows." > /opt/ml/output/message; exit 3')
    expect(await failureAfter(undefined)).toMatchObject({ code: 'cloud-job-failed', message: 'The job failed: fleet.parquet has no rows.' })
  })
})

describe('a job completes', () => {
  it('without a manifest, so the run is incomplete and its files are listed', async () => {
    await writeFile(join(workspace.folder, 'engine', 'run.sh'), 'echo 1 > /opt/ml/processing/output/server_clusters.csv')
    const cloudRun = await workspace.launch(workspace.request())
    const ended = await waitForRun(workspace.connection, workspace.launchRecords, cloudRun, { pollMs: 20 })
    const download = { uri: ended.outputUri, folder: join(workspace.folder, 'home'), runId: ended.runId }
    expect(await failureOf(downloadRunFolder(workspace.connection, download))).toMatchObject({
      code: 'cloud-incomplete',
      message: 'The job wrote no manifest, so its run is incomplete. There is server_clusters.csv (2 bytes).',
    })
  })

  it('with empty outputs, so the run is incomplete', async () => {
    workspace.simulator.faults.addToNextJob({ kind: 'empty-outputs' })
    const ended = await waitForRun(workspace.connection, workspace.launchRecords, await workspace.launch(workspace.request()), {
      pollMs: 20,
    })
    const download = { uri: ended.outputUri, folder: join(workspace.folder, 'home'), runId: ended.runId }
    expect((await failureOf(downloadRunFolder(workspace.connection, download))).message).toContain('The prefix is empty.')
  })
})

describe('tracking', () => {
  const followed = async (prepare: () => void): Promise<CloudEvent[]> => {
    const cloudRun = await workspace.launch(workspace.request())
    await workspace.simulator.account.jobs.get(cloudRun.jobName)!.ended
    prepare()
    const events: CloudEvent[] = []
    const { state } = await followJob(workspace.connection, cloudRun.jobName, { pollMs: 10, onEvent: (event) => events.push(event) })
    expect(state.status).toBe('Completed')
    return events
  }
  const waits = (events: readonly CloudEvent[]) => events.flatMap((event) => (event.type === 'waiting' ? [event.error.code] : []))

  it('continues after throttling', async () => {
    expect(
      waits(await followed(() => workspace.simulator.faults.add({ kind: 'throttle', operation: 'DescribeProcessingJob', times: 6 }))),
    ).toEqual(['cloud-unreachable'])
    // It asks by name and never for the whole list.
    expect(workspace.simulator.requestsOf('ListProcessingJobs')).toEqual([])
  })

  it('continues after lost connections', async () => {
    expect(
      waits(await followed(() => workspace.simulator.faults.add({ kind: 'reset', operation: 'DescribeProcessingJob', times: 6 }))),
    ).toEqual(['cloud-unreachable'])
  })

  it('repeats a request once with credentials read again, then waits for a sign-in', async () => {
    const expire = (times: number) => () => workspace.simulator.faults.add({ kind: 'expired', operation: 'DescribeProcessingJob', times })
    expect(waits(await followed(expire(1)))).toEqual([])
    expect(waits(await followed(expire(4)))).toEqual(['cloud-sign-in', 'cloud-sign-in'])
  })

  it('shows each line of every host once, in order of time, also when the connection breaks', async () => {
    const { account, faults } = workspace.simulator
    const addLogLine = (host: string, timestamp: number, message: string) => {
      const stream = `job-1/${host}-1800000000000`
      account.logs.set(stream, [...(account.logs.get(stream) ?? []), { timestamp, message }])
    }
    addLogLine('algo-1', 1000, 'first')
    addLogLine('algo-2', 2000, 'second')
    addLogLine('algo-1', 3000, 'third')
    const log = new JobLog(workspace.connection, 'job-1')
    // All attempts of the client, after the first host's lines were received.
    faults.add({ kind: 'reset', operation: 'GetLogEvents', about: 'algo-2', times: 99 })
    await expect(log.read()).rejects.toThrow(/hang up|ECONNRESET/)
    faults.clear()
    addLogLine('algo-2', 4000, 'fourth')
    expect((await log.read()).map(({ host, text }) => `${host} ${text}`)).toEqual([
      'algo-1 first',
      'algo-2 second',
      'algo-1 third',
      'algo-2 fourth',
    ])
    expect(await log.read()).toEqual([])
  })

  it('continues without permission to read the log', async () => {
    expect(waits(await followed(() => workspace.simulator.account.denied.set('logs:DescribeLogStreams', 'denied')))).toEqual([
      'cloud-refused',
    ])
  })
})

describe('other refusals', () => {
  it('falls back to local launch records without permission to list jobs', async () => {
    const cloudRun = await workspace.launch(workspace.request())
    workspace.simulator.account.denied.set(
      'sagemaker:ListProcessingJobs',
      'User is not authorized to perform: sagemaker:ListProcessingJobs',
    )
    const { jobs, accessError } = await listJobs(workspace.connection, workspace.launchRecords)
    expect(jobs.map(({ name }) => name)).toEqual([cloudRun.jobName])
    expect(accessError?.next).toContain('Resource "*"')
  })

  it('reports that roles may not be listed', async () => {
    workspace.simulator.account.denied.set('iam:ListRoles', 'User is not authorized to perform: iam:ListRoles on resource: *')
    const { roles, accessError } = await listExecutionRoles(workspace.connection)
    expect({ roles, message: accessError?.message }).toEqual({
      roles: [],
      message: 'Missing iam:ListRoles, so no roles can be listed.',
    })
    expect(accessError?.next).toContain('Enter the role’s ARN')
  })

  it('distinguishes a wrong clock from a wrong key', async () => {
    workspace.simulator.faults.add({
      kind: 'error',
      operation: 'GetCallerIdentity',
      code: 'SignatureDoesNotMatch',
      message: 'Signature expired: 1 is now earlier than 2',
      status: 403,
      times: 9,
    })
    expect(await failureOf(identifyCaller(workspace.connection))).toMatchObject({
      code: 'cloud-setup',
      next: 'Set the clock, then try again.',
    })
  })

  it('works with a clock that is ten minutes wrong', async () => {
    workspace.simulator.clockSkewMs = 10 * 60_000
    const cloudRun = await workspace.launch(workspace.request())
    expect(cloudRun.stage).toBe('submitted')
    // The first response contained the correct time.
    expect(workspace.simulator.requests.filter(({ status }) => status === 403)).not.toEqual([])
  })

  it('asks to sign in again after credentials expire', async () => {
    workspace.simulator.faults.add({ kind: 'expired', operation: 'GetCallerIdentity', times: 9 })
    expect(await failureOf(identifyCaller(workspace.connection))).toMatchObject({
      code: 'cloud-sign-in',
      message: 'AWS credentials have expired.',
    })
  })

  it.each([
    [
      'CredentialsProviderError',
      'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.',
      'sign-in-again',
    ],
    ['TokenProviderError', 'Token is expired. To refresh this SSO session run aws sso login', 'sign-in-again'],
    ['ThrottlingException', 'Rate exceeded', 'throttled'],
    ['ResourceInUse', 'Job name must be unique', 'name-taken'],
    ['FailureReason', 'ClientError: Data download failed:ListObjectsV2 failed', 'data-download'],
    ['FailureReason', 'InternalServerError: Data download failed: Insufficient disk space', 'disk-space'],
    ['FailureReason', 'AlgorithmError: OSError: [Errno 28] No space left on device', 'disk-space'],
    ['FailureReason', 'ClientError: Data download failed: PermanentRedirect (301): the bucket must be addressed', 'wrong-region'],
    ['FailureReason', 'ClientError: Please use an instance type with more memory, or reduce the size of job data', 'out-of-memory'],
    [
      'FailureReason',
      'ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect.',
      'image',
    ],
    ['FailureReason', 'ClientError: Artifact upload failed:AccessDenied: status code 403', 'upload'],
    ['ValidationException', 'The repository does not grant ecr:BatchGetImage to the role', 'image'],
    ['AccessDeniedException', 'User is not authorized to perform: kms:Decrypt', 'kms'],
    ['NoSuchBucket', 'The specified bucket does not exist', 'bucket'],
    ['Error', 'connect ECONNREFUSED 127.0.0.1:1', 'unreachable'],
  ])('diagnoses %s: %s', (name, message, failure) => {
    expect(diagnoseFailure({ name, message })?.failure).toBe(failure)
  })
  it('has no diagnosis for an unknown failure', () => expect(diagnoseFailure({ name: 'Odd', message: 'Something else' })).toBeUndefined())
})

describe('a module that completes', () => {
  it('without writing anything is incomplete', async () => {
    await workspace.close()
    const end = { status: 'Completed', startedAt: new Date(), endedAt: new Date() } as const
    workspace = await openCloudWorkspace({}, { runJob: async (job) => void Object.assign(job, end) })
    const { connection, launchRecords, folder } = workspace
    const task = { kind: 'python-module', projectFolder: join(folder, 'project'), script: 'src/module.py' } as const
    for (const part of ['src', 'config']) await mkdir(join(task.projectFolder, part), { recursive: true })
    await writeFile(join(task.projectFolder, task.script), 'print(1)\n')
    await writeFile(join(task.projectFolder, 'config', 'config.yaml'), 'a: 1\n')
    const launched = await workspace.launch(workspace.request({}, { task }))
    const { runId, outputUri } = launched
    expect(await failureOf(waitForRun(connection, launchRecords, launched, { pollMs: 20 }))).toMatchObject({
      code: 'cloud-incomplete',
      message: `The module completed, but wrote nothing to s3://${workspaceBucket}/risk_analysis/${runId}/.`,
    })
    workspace.put(`risk_analysis/${runId}/module_05_summary.json`, '{}')
    expect(await waitForRun(connection, launchRecords, launched, { pollMs: 20 })).toMatchObject({ stage: 'ended', outputUri })
  })
})

describe('jobs of the account', () => {
  it('are listed page by page up to the limit, and it is known whether there are more', async () => {
    const { account } = workspace.simulator
    const job = { request: {}, arn: 'arn', status: 'Completed', stop: () => undefined, ended: Promise.resolve() } as const
    for (let at = 0; at < 250; at += 1) account.jobs.set(`other-${at}`, { ...job, createdAt: new Date(at * 1000) })
    const list = (maxJobs?: number) => listJobs(workspace.connection, workspace.launchRecords, { nameContains: '', maxJobs })
    const [usual, all] = [await list(), await list(400)]
    expect([usual.jobs.length, usual.hasMore, usual.jobs[0]!.name]).toEqual([100, true, 'other-249'])
    expect([all.jobs.length, all.hasMore]).toEqual([250, false])
    expect((await list(250)).hasMore).toBe(false)
  })
})

describe('an error that is not from AWS', () => {
  it('is not attributed to AWS', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 })
    expect(toCloudError(full)).toMatchObject({ code: 'disk-full', next: 'Free disk space, then try again.' })
    expect(toCloudError(new TypeError('x is not a function'))).toMatchObject({ code: 'internal', message: 'x is not a function.' })
    const answered = Object.assign(new Error('Odd words'), { name: 'OddException', $metadata: { httpStatusCode: 400 } })
    expect(toCloudError(answered)).toMatchObject({ code: 'cloud-refused', message: 'AWS returned OddException: Odd words.' })
  })
})
