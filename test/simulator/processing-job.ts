// What a processing job does: inputs down from S3, one container per host, its lines into the logs, outputs up at the end.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { kmsKeyArn, type Account, type ProcessingJob, type StoredObject } from './account.ts'
import { allows, roleKeyPermissions, rolePermissions, type RequiredPermission } from './authorize.ts'
import { startContainer, type RunningContainer } from './container.ts'
import type { JobFault } from './faults.ts'
import { measureHost } from './metrics.ts'
import { namedTypes, processingRequestSchema, type ProcessingRequest } from './processing-limits.ts'
import { defaultChecksum, etagOf, storeObject } from './s3-objects.ts'
import { isSparkImage, runLocalSpark, SparkError, startSpark, type RoleCheck, type SparkRunner } from './spark-container.ts'

class JobFailure extends Error {}

export interface JobOptions {
  /** A folder of this machine that containers see as /opt/image. */
  readonly image?: string | undefined
  /** Replaces the local PySpark. */
  readonly runSpark?: SparkRunner | undefined
}

const maxMessageBytes = 1024
const mountPrefix = '/opt/ml/'

export const runProcessingJob = async (
  account: Account,
  job: ProcessingJob,
  name: string,
  faults: readonly JobFault[],
  { image, runSpark = runLocalSpark }: JobOptions = {},
): Promise<void> => {
  const request = processingRequestSchema.parse(job.request)
  const folder = await mkdtemp(join(tmpdir(), 'headroom-simulated-job-'))
  try {
    await runHosts(account, job, name, request, faults, folder, { image, runSpark })
  } catch (thrown) {
    job.status = job.status === 'Stopping' ? 'Stopped' : 'Failed'
    if (job.status === 'Failed') job.failureReason = thrown instanceof Error ? thrown.message : String(thrown)
  } finally {
    job.endedAt = new Date()
    await rm(folder, { recursive: true, force: true })
  }
}

const runHosts = async (
  account: Account,
  job: ProcessingJob,
  name: string,
  request: ProcessingRequest,
  faults: readonly JobFault[],
  folder: string,
  { image, runSpark }: { image: string | undefined; runSpark: SparkRunner },
): Promise<void> => {
  const fault = <Kind extends JobFault['kind']>(kind: Kind): Extract<JobFault, { kind: Kind }> | undefined =>
    faults.find((candidate): candidate is Extract<JobFault, { kind: Kind }> => candidate.kind === kind)
  const { InstanceCount } = request.ProcessingResources.ClusterConfig
  const available = namedTypes(request).find((type) => !account.soldOut.has(type))
  if (request.ProcessingResources.ClusterConfig.InstancePreferences !== undefined && available !== undefined) job.selectedType = available
  if (fault('capacity') !== undefined || available === undefined) {
    throw new JobFailure(
      `CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.`,
    )
  }
  const failure = fault('fails')
  if (failure !== undefined) throw new JobFailure(failure.reason)
  const slow = fault('slow-start')
  const stopping = new Promise<'stopped'>((resolve) => (job.stop = () => resolve('stopped')))
  // The answer to CreateProcessingJob leaves before anything else happens.
  if ((await Promise.race([pause(slow?.milliseconds ?? 20, 'ready' as const), stopping])) === 'stopped') throw new JobFailure('Stopped')
  if (fault('stops') !== undefined) return void (job.status = 'Stopped')

  for (const permission of rolePermissions(account.region, account.id, request.AppSpecification.ImageUri, `${name}/algo-1`))
    assertRoleAllows(account, permission)
  const outputKey = request.ProcessingOutputConfig?.KmsKeyId
  const volumeKey = request.ProcessingResources.ClusterConfig.VolumeKmsKeyId
  for (const permission of roleKeyPermissions(account, outputKey, volumeKey)) assertRoleAllows(account, permission)
  const hosts = Array.from({ length: InstanceCount }, (_, index) => `algo-${index + 1}`)
  const folders = hosts.map((host) => join(folder, host))
  for (const [index, host] of hosts.entries()) await prepareHost(account, job, request, folders[index]!, host, hosts)
  job.startedAt = new Date()
  const startedAt = job.startedAt.getTime()
  const listen =
    (host: string) =>
    (message: string): void => {
      const stream = `${name}/${host}-${startedAt}`
      if (!account.logs.has(stream)) account.logs.set(stream, [])
      account.logs.get(stream)!.push({ timestamp: Date.now(), message })
    }
  const { ImageUri } = request.AppSpecification
  const sparkJob = { account, request, ml: folders[0]!, folder, checkRole: roleCheckFor(account), onLine: listen(hosts[0]!) }
  // The other hosts of a Spark job only lend a hand.
  const spark = isSparkImage(ImageUri) ? await startSpark(sparkJob, runSpark).catch(toJobFailure) : undefined
  const containers: RunningContainer[] =
    spark !== undefined
      ? [spark]
      : hosts.map((host, index) =>
          startContainer({
            ml: folders[index]!,
            image,
            entrypoint: request.AppSpecification.ContainerEntrypoint ?? ['/bin/false'],
            args: request.AppSpecification.ContainerArguments ?? [],
            environment: request.Environment ?? {},
            isIsolated: request.NetworkConfig?.EnableNetworkIsolation === true,
            onLine: listen(host),
          }),
        )
  const stopMeasuring = hosts.map((host) => measureHost(account, `${name}/${host}`))
  const killAll = (): void => containers.forEach(({ stop }) => stop('SIGTERM'))
  if (job.status === 'Stopping') killAll()
  job.stop = killAll
  let isOverdue = false
  const deadline = setTimeout(
    () => {
      isOverdue = true
      killAll()
    },
    (request.StoppingCondition?.MaxRuntimeInSeconds ?? 86_400) * 1000,
  )
  if (fault('out-of-memory') !== undefined) containers.forEach(({ stop }) => stop('SIGKILL'))
  const codes = await Promise.all(containers.map(({ exit }) => exit))
  clearTimeout(deadline)
  for (const end of stopMeasuring) end()
  await spark?.saveOutputs()
  if (isOverdue || (job.status as string) === 'Stopping') return void (job.status = 'Stopped')
  await readMessage(job, folders)
  const failed = codes.find((code) => code !== 0)
  if (failed !== undefined) throw new JobFailure(`AlgorithmError: See job logs for more information, exit code: ${failed}`)
  if (fault('empty-outputs') === undefined) {
    for (const host of folders) await uploadOutputs(account, request, host, fault('corrupt-outputs') !== undefined)
  }
  job.status = 'Completed'
}

const prepareHost = async (
  account: Account,
  job: ProcessingJob,
  request: ProcessingRequest,
  folder: string,
  host: string,
  hosts: readonly string[],
): Promise<void> => {
  await mkdir(join(folder, 'config'), { recursive: true })
  await mkdir(join(folder, 'output'), { recursive: true })
  await writeFile(join(folder, 'config', 'processingjobconfig.json'), JSON.stringify({ ProcessingJobArn: job.arn, ...job.request }))
  await writeFile(join(folder, 'config', 'resourceconfig.json'), JSON.stringify({ current_host: host, hosts }))
  for (const { S3Input } of request.ProcessingInputs ?? []) {
    const objects = listInput(account, S3Input.S3Uri, S3Input.S3DataType)
    const share =
      S3Input.S3DataDistributionType === 'ShardedByS3Key' ? objects.filter((_, index) => hosts[index % hosts.length] === host) : objects
    for (const { path, body } of share) {
      const target = join(folder, (S3Input.LocalPath ?? '').slice(mountPrefix.length), path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, body, { mode: 0o644 })
    }
  }
  for (const { S3Output } of request.ProcessingOutputConfig?.Outputs ?? []) {
    await mkdir(join(folder, S3Output.LocalPath.slice(mountPrefix.length)), { recursive: true })
  }
}

/** Throws as a job fails whose role may not do this. */
const assertRoleAllows = (account: Account, permission: RequiredPermission): void => {
  account.requestedPermissions.role.push(permission)
  const { role } = account.policies
  if (role !== undefined && !allows(role, permission))
    throw new JobFailure(
      permission.action === 's3:GetObject'
        ? `ClientError: Data download failed:AccessDenied (403): Access Denied for S3 URL: ${permission.resource}`
        : `ClientError: The role is not authorized to perform: ${permission.action} on resource: ${permission.resource}`,
    )
}

const roleCheckFor =
  (account: Account): RoleCheck =>
  (action, resource) =>
    assertRoleAllows(account, { action, resource })

const toJobFailure = (thrown: unknown): never => {
  if (thrown instanceof SparkError) throw new JobFailure(`AlgorithmError: ${thrown.message}, exit code: 1`)
  throw thrown
}

const splitUri = (uri: string): { bucket: string; key: string } => {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri) ?? []
  return { bucket, key }
}

const listInput = (account: Account, uri: string, type: 'S3Prefix' | 'ManifestFile'): { path: string; body: Buffer }[] => {
  const { bucket: name, key: prefix } = splitUri(uri)
  const refusal = account.denied.get('role:s3:GetObject')
  if (refusal !== undefined) throw new JobFailure(`ClientError: Data download failed:${refusal} for S3 URL: ${uri}`)
  const region = account.buckets.get(name)?.region
  if (region !== undefined && region !== account.region)
    throw new JobFailure(
      `ClientError: Data download failed:PermanentRedirect (301): The bucket is in this region: ${region}. Please use this region to retry the request`,
    )
  const objects = account.buckets.get(name)?.objects ?? new Map<string, Pick<StoredObject, 'body' | 'kmsKey'>>()
  if (type === 'ManifestFile') {
    const [base, ...names] = JSON.parse(objects.get(prefix)?.body.toString() ?? '[]') as [{ prefix: string }, ...string[]]
    return names.map((path) => ({ path, body: objects.get(`${splitUri(base.prefix).key}${path}`)!.body }))
  }
  assertRoleAllows(account, { action: 's3:ListBucket', resource: `arn:aws:s3:::${name}` })
  const start = prefix.lastIndexOf('/') + 1
  const inputs = [...objects]
    .filter(([key]) => key.startsWith(prefix) && !key.endsWith('/'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { body, kmsKey }]) => {
      assertRoleAllows(account, { action: 's3:GetObject', resource: `arn:aws:s3:::${name}/${key}` })
      if (kmsKey !== undefined) assertRoleAllows(account, { action: 'kms:Decrypt', resource: kmsKey })
      return { path: key.slice(start), body }
    })
  if (inputs.length === 0)
    throw new JobFailure(`ClientError: Data download failed:No S3 objects found under S3 URL "${uri}" given in input data source.`)
  return inputs
}

const readMessage = async (job: ProcessingJob, folders: readonly string[]): Promise<void> => {
  for (const folder of folders) {
    const message = await readFile(join(folder, 'output', 'message')).catch(() => undefined)
    if (message !== undefined) job.exitMessage = message.subarray(0, maxMessageBytes).toString()
  }
}

/** Links are not followed; only the bytes of a file are stored. */
const uploadOutputs = async (account: Account, request: ProcessingRequest, folder: string, isCorrupted: boolean): Promise<void> => {
  for (const { S3Output } of request.ProcessingOutputConfig?.Outputs ?? []) {
    const { bucket: name, key: prefix } = splitUri(S3Output.S3Uri)
    const bucket = account.buckets.get(name)
    if (bucket === undefined) throw new JobFailure(`ClientError: Failed to upload output: the bucket ${name} does not exist.`)
    const root = join(folder, S3Output.LocalPath.slice(mountPrefix.length))
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const body = await readFile(path)
      if (isCorrupted && entry.name.endsWith('.parquet')) body[body.length >> 1]! ^= 1
      const key = `${prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`}${path.slice(root.length + 1).replaceAll('\\', '/')}`
      assertRoleAllows(account, { action: 's3:PutObject', resource: `arn:aws:s3:::${name}/${key}` })
      const outputKey = request.ProcessingOutputConfig?.KmsKeyId
      const kmsKey = outputKey === undefined ? undefined : kmsKeyArn(account, outputKey)
      storeObject(bucket, key, body, defaultChecksum(body), new Date(), etagOf(body), kmsKey)
    }
  }
}
