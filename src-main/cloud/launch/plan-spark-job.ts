// The two jobs of a trip through Spark: rows on many machines, then the engine over what they left (decision 15).
import { join } from 'node:path'
import runPlan from '../../../resources/spark/run_plan.py?raw'
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Connection } from '../account/connection.ts'
import {
  engineEntrypoint,
  engineEnvironment,
  buildJobRequest,
  mountRoot,
  outputPath,
  tableArguments,
  type JobCommand,
} from '../jobs/job-request.ts'
import { findSingleFile, type LaunchInputs } from './launch-inputs.ts'
import {
  chooseInstanceType,
  findInstanceType,
  estimateMaxCostUsd,
  scikitLearnImage,
  sparkImage,
  defaultSparkInstanceType,
  sparkVolumeGb,
} from '../jobs/instance-types.ts'
import type { LaunchPlan } from './plan-launch.ts'
import type { S3Address } from '../storage/s3-address.ts'

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
const eventLogFolder = '/opt/ml/processing/spark-events/'

/** What it hands on. */
export const sparkOutputUri = (inputs: LaunchInputs): string => inputs.runUri(sparkFolder, 'stage')

/** The last object that the Spark job writes. */
export const sparkOutputInfoAddress = ({ settings, runId }: LaunchRequest): S3Address => ({
  bucket: settings.bucket,
  key: `${settings.prefix}/runs/${runId}/${sparkFolder}/stage/stage.json`,
})

/** Rows stay within files of about so many compressed bytes. */
const bytesPerShard = 256e6
const maxShards = 10_000

export const planSparkJob = async (
  connection: Connection,
  request: LaunchRequest,
  part: Exclude<CloudRunPart, 'whole'>,
  inputs: LaunchInputs,
  inputBytes: number,
): Promise<LaunchPlan> => {
  const task = sparkTaskOf(request)
  if (task === undefined) throw new HeadroomError('internal', 'This launch has no Spark job.')
  const { region } = connection
  const { settings } = request
  const volumeGb = sparkVolumeGb(inputBytes, settings.volumeGb)
  const instanceType = instanceTypesOf(request, inputBytes)[part]
  const common = { request, region, instanceType, volumeGb, engineSha256: null }
  const shared = {
    instanceType,
    /** Where the run will lie, whichever job is under way. */
    outputUri: inputs.runUri('output'),
    /** Of both jobs together. */
    maxCostUsd: estimateSparkCostUsd(connection, request, inputBytes),
    uploads: inputs.uploads,
    texts: inputs.texts,
  }
  if (part === 'finish') {
    const engineSha256 = await inputs.mountEngine()
    await inputs.mountTable('events', task.eventsTable)
    const imageUri = requireImage('scikit-learn', region, scikitLearnImage(region))
    const job = {
      ...common,
      imageUri,
      mounts: inputs.mounts,
      outputUri: shared.outputUri,
      command: buildFinishCommand(request, task, engineSha256),
    }
    return { ...shared, job: (jobName) => buildJobRequest({ ...job, jobName }) }
  }
  const source = inputs.mounts.pop()!.s3Uri
  await addPlan(task, inputs)
  inputs.mountText('code', 'run_plan.py', runPlan)
  inputs.mountText('conf', 'configuration.json', buildSparkConfiguration(instanceType, task.spark.instances, settings.kmsKeyId))
  const shards = Math.min(maxShards, Math.max(4 * task.spark.instances, Math.ceil(inputBytes / bytesPerShard)))
  const job = {
    ...common,
    imageUri: requireImage('Spark', region, settings.imageUri ?? sparkImage(region)),
    mounts: inputs.mounts,
    instances: task.spark.instances,
    requiresNetwork: true,
    outputUri: inputs.runUri('spark-events'),
    output: { name: 'spark-events', localPath: eventLogFolder.slice(0, -1), isContinuous: true },
    command: buildSparkCommand(inputs, source, shards),
  }
  return { ...shared, job: (jobName) => buildJobRequest({ ...job, jobName }) }
}

/** The second job holds the selected models' rows at most. */
const instanceTypesOf = ({ settings }: LaunchRequest, inputBytes: number): { readonly spark: string; readonly finish: string } => ({
  spark: settings.instanceType ?? defaultSparkInstanceType,
  finish: settings.instanceType ?? chooseInstanceType(inputBytes / 2).type,
})

/** USD for the whole of both jobs' allowed runtime; null where the price list does not know a type. */
export const estimateSparkCostUsd = ({ region }: Connection, request: LaunchRequest, inputBytes: number): number | null => {
  const { volumeGb: minVolumeGb, maxRuntimeSeconds } = request.settings
  const types = instanceTypesOf(request, inputBytes)
  const volumeGb = sparkVolumeGb(inputBytes, minVolumeGb)
  const rows = estimateMaxCostUsd(types.spark, region, maxRuntimeSeconds, volumeGb, sparkTaskOf(request)?.spark.instances)
  const rest = estimateMaxCostUsd(types.finish, region, maxRuntimeSeconds, volumeGb)
  return rows === null || rest === null ? null : Math.round((rows + rest) * 100) / 100
}

const requireImage = (kind: string, region: string, imageUri: string | undefined): string => {
  if (imageUri !== undefined) return imageUri
  throw new HeadroomError('cloud-setup', `AWS publishes no ${kind} image in ${region}.`, { next: 'Launch in another region.' })
}

const addPlan = async ({ spark }: SparkTask, inputs: LaunchInputs): Promise<void> => {
  for (const name of [planFile, serversFile]) {
    const { files } = await findSingleFile(join(spark.planFolder, name)).catch((cause: unknown) => {
      throw new HeadroomError('cloud-setup', 'The plan of this launch is gone from this machine.', { next: 'Launch anew.', cause })
    })
    inputs.addUploads(files, `${inputs.runFolder}plan/`)
  }
}

/** The image's own program, with options of its own before the script. */
const buildSparkCommand = (inputs: LaunchInputs, source: string, shards: number): JobCommand => ({
  entrypoint: ['smspark-submit', '--local-spark-event-logs-dir', eventLogFolder, `${mountRoot}/code/run_plan.py`],
  args: [
    inputs.runUri('plan', planFile).slice(0, -1),
    inputs.runUri(sparkFolder).slice(0, -1),
    String(shards),
    `source=${source}`,
    `server_attributes=${inputs.runUri('plan', serversFile).slice(0, -1)}`,
  ].map(assertShellSafe),
  // Five cores per executor.
  environment: { ...engineEnvironment(null), AWS_SPARK_CONFIG_MODE: '2' },
})

/** The image hands its arguments to a shell as they are: only what no shell takes for its own may be among them. */
const assertShellSafe = (argument: string): string => {
  if (/^[\w./:@%+,=-]+$/.test(argument)) return argument
  throw new HeadroomError('cloud-setup', `The Spark image cannot be given the address ${argument.replace(/^\w+=/, '')}.`, {
    next: 'Put the forecasts below a prefix of letters, digits and . _ - = signs; so too the folder in the bucket.',
  })
}

const buildFinishCommand = ({ runId }: LaunchRequest, task: SparkTask, engineSha256: string): JobCommand => ({
  entrypoint: [...engineEntrypoint],
  args: ['finish', `${mountRoot}/stage`, '--out', outputPath, '--run-id', runId, '--json', ...tableArguments('events', task.eventsTable)],
  environment: engineEnvironment(engineSha256),
})

const tasksPerProcessor = 3
const coresPerExecutor = 5
/** Of an executor's share of the machine; the rest is for Spark's own, the driver, the daemons and the system. */
const heapShare = 0.7
const defaultInstance = { vcpus: 16, memoryGb: 64 }

/** EMR's form. What the statements need of a session stands in the plan. */
const buildSparkConfiguration = (instanceType: string, instances: number, kmsKeyId: string | undefined): string => {
  const { vcpus, memoryGb } = findInstanceType(instanceType) ?? defaultInstance
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
  const inputs = [
    { Classification: 'spark-defaults', Properties: settings },
    ...(kmsKeyId === undefined ? [] : [{ Classification: 'core-site', Properties: encryption }]),
  ]
  return `${JSON.stringify(inputs, null, 2)}\n`
}
