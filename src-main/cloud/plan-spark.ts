// The two jobs of a trip through Spark: rows on many machines, then the engine over what they left (decision 15).
import { join } from 'node:path'
import runPlan from '../../resources/spark/run_plan.py?raw'
import type { TripPart } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Connection } from './connection.ts'
import { engineEntrypoint, engineEnvironment, jobRequest, mountRoot, outputPath, tableArguments, type JobCommand } from './job-request.ts'
import { singleFile, type LaunchParts } from './launch-parts.ts'
import { chooseMachine, findMachine, mostCost, regionImage, sparkImage, sparkType, sparkVolumeGb } from './machines.ts'
import type { LaunchPlan } from './plan-launch.ts'
import type { S3Address } from './s3-address.ts'

type EngineTask = Extract<LaunchRequest['task'], { kind: 'engine' }>
export type SparkTask = EngineTask & { readonly spark: NonNullable<EngineTask['spark']> }

/** The task of a trip through Spark; undefined for any other. */
export const sparkTaskOf = ({ task }: LaunchRequest): SparkTask | undefined =>
  task.kind === 'engine' && task.spark !== undefined ? { ...task, spark: task.spark } : undefined

/** Files in the plan's folder. */
const planFile = 'plan.json'
const serversFile = 'server_attributes.parquet'

/** Where the Spark job writes, below the launch's own folder; the second job reads `stage` in it. */
const sparkFolder = 'spark'
const eventLogs = '/opt/ml/processing/spark-events/'

/** What it hands on. */
export const stageUri = (parts: LaunchParts): string => parts.runUri(sparkFolder, 'stage')

/** The last object that the Spark job writes. */
export const stageNotesAddress = ({ settings, runId }: LaunchRequest): S3Address => ({
  bucket: settings.bucket,
  key: `${settings.prefix}/runs/${runId}/${sparkFolder}/stage/stage.json`,
})

/** Rows stay within files of about so many compressed bytes. */
const bytesPerShard = 256e6
const mostShards = 10_000

export const planSparkPart = async (
  connection: Connection,
  request: LaunchRequest,
  part: Exclude<TripPart, 'whole'>,
  parts: LaunchParts,
  inputBytes: number,
): Promise<LaunchPlan> => {
  const task = sparkTaskOf(request)
  if (task === undefined) throw new HeadroomError('internal', 'This launch has no Spark job.')
  const { region } = connection
  const { settings } = request
  const volumeGb = sparkVolumeGb(inputBytes, settings.volumeGb)
  const instanceType = typesOf(request, inputBytes)[part]
  const known = { request, region, instanceType, volumeGb, engineSha256: null }
  const shared = {
    instanceType,
    /** Where the run will lie, whichever job is under way. */
    outputUri: parts.runUri('output'),
    /** Of both jobs together. */
    mostUsd: sparkCost(connection, request, inputBytes),
    uploads: parts.uploads,
    texts: parts.texts,
  }
  if (part === 'finish') {
    const engineSha256 = await parts.mountEngine()
    await parts.mountTable('events', task.eventsTable)
    const imageUri = imageFor('scikit-learn', region, regionImage(region))
    const job = {
      ...known,
      imageUri,
      mounts: parts.mounts,
      outputUri: shared.outputUri,
      command: finishCommand(request, task, engineSha256),
    }
    return { ...shared, job: (jobName) => jobRequest({ ...job, jobName }) }
  }
  const source = parts.mounts.pop()!.s3Uri
  await bringPlan(task, parts)
  parts.mountText('code', 'run_plan.py', runPlan)
  parts.mountText('conf', 'configuration.json', configuration(instanceType, task.spark.instances, settings.kmsKeyId))
  const shards = Math.min(mostShards, Math.max(4 * task.spark.instances, Math.ceil(inputBytes / bytesPerShard)))
  const job = {
    ...known,
    imageUri: imageFor('Spark', region, settings.imageUri ?? sparkImage(region)),
    mounts: parts.mounts,
    instances: task.spark.instances,
    needsNetwork: true,
    outputUri: parts.runUri('spark-events'),
    output: { name: 'spark-events', localPath: eventLogs.slice(0, -1), isContinuous: true },
    command: sparkCommand(parts, source, shards),
  }
  return { ...shared, job: (jobName) => jobRequest({ ...job, jobName }) }
}

/** The second job holds the selected models' rows at most. */
const typesOf = ({ settings }: LaunchRequest, inputBytes: number): { readonly spark: string; readonly finish: string } => ({
  spark: settings.instanceType ?? sparkType,
  finish: settings.instanceType ?? chooseMachine(inputBytes / 2).type,
})

/** USD for the whole of both jobs' allowed runtime; null where the price list does not know a type. */
export const sparkCost = ({ region }: Connection, request: LaunchRequest, inputBytes: number): number | null => {
  const { volumeGb: atLeast, maxRuntimeSeconds } = request.settings
  const types = typesOf(request, inputBytes)
  const volumeGb = sparkVolumeGb(inputBytes, atLeast)
  const rows = mostCost(types.spark, region, maxRuntimeSeconds, volumeGb, sparkTaskOf(request)?.spark.instances)
  const rest = mostCost(types.finish, region, maxRuntimeSeconds, volumeGb)
  return rows === null || rest === null ? null : Math.round((rows + rest) * 100) / 100
}

const imageFor = (kind: string, region: string, imageUri: string | undefined): string => {
  if (imageUri !== undefined) return imageUri
  throw new HeadroomError('cloud-setup', `AWS publishes no ${kind} image in ${region}.`, { next: 'Launch in another region.' })
}

const bringPlan = async ({ spark }: SparkTask, parts: LaunchParts): Promise<void> => {
  for (const name of [planFile, serversFile]) {
    const { files } = await singleFile(join(spark.planFolder, name)).catch((cause: unknown) => {
      throw new HeadroomError('cloud-setup', 'The plan of this launch is gone from this machine.', { next: 'Launch anew.', cause })
    })
    parts.bring(files, `${parts.runFolder}plan/`)
  }
}

/** The image's own program, with options of its own before the script. */
const sparkCommand = (parts: LaunchParts, source: string, shards: number): JobCommand => ({
  entrypoint: ['smspark-submit', '--local-spark-event-logs-dir', eventLogs, `${mountRoot}/code/run_plan.py`],
  args: [
    parts.runUri('plan', planFile).slice(0, -1),
    parts.runUri(sparkFolder).slice(0, -1),
    String(shards),
    `source=${source}`,
    `server_attributes=${parts.runUri('plan', serversFile).slice(0, -1)}`,
  ].map(plain),
  // Five cores per executor.
  environment: { ...engineEnvironment(null), AWS_SPARK_CONFIG_MODE: '2' },
})

/** The image hands its arguments to a shell as they are: only what no shell takes for its own may be among them. */
const plain = (argument: string): string => {
  if (/^[\w./:@%+,=-]+$/.test(argument)) return argument
  throw new HeadroomError('cloud-setup', `The Spark image cannot be given the address ${argument.replace(/^\w+=/, '')}.`, {
    next: 'Put the forecasts below a prefix of letters, digits and . _ - = signs; so too the folder in the bucket.',
  })
}

const finishCommand = ({ runId }: LaunchRequest, task: SparkTask, engineSha256: string): JobCommand => ({
  entrypoint: [...engineEntrypoint],
  args: ['finish', `${mountRoot}/stage`, '--out', outputPath, '--run-id', runId, '--json', ...tableArguments('events', task.eventsTable)],
  environment: engineEnvironment(engineSha256),
})

const tasksPerProcessor = 3
const coresPerExecutor = 5
/** Of an executor's share of the machine; the rest is for Spark's own, the driver, the daemons and the system. */
const heapShare = 0.7
const usual = { vcpus: 16, memoryGb: 64 }

/** EMR's form. What the statements need of a session stands in the plan. */
const configuration = (instanceType: string, instances: number, kmsKeyId: string | undefined): string => {
  const { vcpus, memoryGb } = findMachine(instanceType) ?? usual
  const executors = Math.max(1, Math.floor((vcpus - 1) / coresPerExecutor))
  const settings = {
    'spark.driver.memory': `${Math.max(1, Math.floor(memoryGb / 16))}g`,
    'spark.driver.maxResultSize': '0',
    'spark.executor.cores': String(Math.min(coresPerExecutor, vcpus)),
    'spark.executor.instances': String(executors * instances),
    'spark.executor.memory': `${Math.max(1, Math.floor((heapShare * memoryGb) / executors))}g`,
    'spark.sql.shuffle.partitions': String(tasksPerProcessor * vcpus * instances),
    'spark.sql.adaptive.enabled': 'true',
    'spark.network.timeout': '600s',
  }
  const encryption = { 'fs.s3.enableServerSideEncryption': 'true', 'fs.s3.serverSideEncryption.kms.keyId': kmsKeyId }
  const parts = [
    { Classification: 'spark-defaults', Properties: settings },
    ...(kmsKeyId === undefined ? [] : [{ Classification: 'core-site', Properties: encryption }]),
  ]
  return `${JSON.stringify(parts, null, 2)}\n`
}
