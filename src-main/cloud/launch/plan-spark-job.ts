// Plans the two jobs of a run on a Spark cluster: Spark prepares the rows, then the engine completes the run (decision 15).
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
import { findSingleFile, type LaunchInputs, type LaunchPlan } from './launch-inputs.ts'
import { instanceShape, requireImage, type InputSize } from '../jobs/instance-types.ts'
import { estimateRunCostUsd, planResources, sparkTaskOf, type SparkTask } from './plan-resources.ts'
import { runKeyPrefix, runUri } from './run-names.ts'
import type { S3Address } from '../storage/list-objects.ts'

/** Files in the plan's folder. */
const planFile = 'plan.json'
const serversFile = 'server_attributes.parquet'

/** Where the Spark job writes, below the folder of the run; the second job reads `stage` in it. */
const sparkFolder = 'spark'
const eventLogFolder = '/opt/ml/processing/spark-events/'

/** The Spark output, which the second job reads. */
export const sparkOutputUri = (request: LaunchRequest): string => runUri(request, sparkFolder, 'stage')

/** The last object that the Spark job writes. */
export const sparkOutputInfoAddress = (request: LaunchRequest): S3Address => ({
  bucket: request.settings.bucket,
  key: `${runKeyPrefix(request)}${sparkFolder}/stage/stage.json`,
})

/** Compressed bytes per shard. */
const bytesPerShard = 256e6
const maxShards = 10_000

export const planSparkJob = async (
  { region, prices }: Connection,
  request: LaunchRequest,
  part: Exclude<CloudRunPart, 'whole'>,
  inputs: LaunchInputs,
  size: InputSize,
): Promise<LaunchPlan> => {
  const task = sparkTaskOf(request)
  if (task === undefined) throw new HeadroomError('internal', 'The launch has no Spark job.')
  if (Object.values(task.capacityTables ?? {}).length > 0)
    throw new HeadroomError('cloud-setup', 'A Spark cluster takes no projects, drivers or catalogue.', {
      next: 'Compute on a single instance, or launch without these tables.',
    })
  const { settings } = request
  const { instanceType, instances, volumeGb } = planResources(request, part, size)
  const common = { request, region, instanceType, volumeGb, engineSha256: null }
  const shared = {
    instanceType,
    /** The run folder, for both jobs. */
    outputUri: runUri(request, 'output'),
    maxCostUsd: estimateRunCostUsd(request, prices, size),
    uploads: inputs.uploads,
    texts: inputs.texts,
  }
  if (part === 'finish') {
    const engineSha256 = await inputs.mountEngine()
    await inputs.mountTable('events', task.eventsTable)
    const job = {
      ...common,
      imageUri: requireImage('scikit-learn', region),
      mounts: inputs.mounts,
      outputUri: shared.outputUri,
      command: buildFinishCommand(request, task, engineSha256),
    }
    return { ...shared, job: (jobName) => buildJobRequest({ ...job, jobName }) }
  }
  const source = inputs.mounts.pop()!.s3Uri
  await addPlan(request, task, inputs)
  inputs.mountText('code', 'run_plan.py', runPlan)
  inputs.mountText('conf', 'configuration.json', buildSparkConfiguration(instanceType, instances, settings.kmsKeyId))
  const shards = Math.min(maxShards, Math.max(4 * instances, Math.ceil(size.bytes / bytesPerShard)))
  const job = {
    ...common,
    imageUri: settings.imageUri ?? requireImage('Spark', region),
    mounts: inputs.mounts,
    instances,
    requiresNetwork: true,
    outputUri: runUri(request, 'spark-events'),
    output: { name: 'spark-events', localPath: eventLogFolder.slice(0, -1), isContinuous: true },
    command: buildSparkCommand(request, source, shards, instanceType),
  }
  return { ...shared, job: (jobName) => buildJobRequest({ ...job, jobName }) }
}

const addPlan = async (request: LaunchRequest, { spark }: SparkTask, inputs: LaunchInputs): Promise<void> => {
  for (const name of [planFile, serversFile]) {
    const { files } = await findSingleFile(join(spark.planFolder, name)).catch((cause: unknown) => {
      throw new HeadroomError('cloud-setup', 'The local plan of this launch is missing.', { next: 'Launch again.', cause })
    })
    inputs.addUploads(files, `${runKeyPrefix(request)}plan/`)
  }
}

/** The program of the image; its options precede the script. */
const buildSparkCommand = (request: LaunchRequest, source: string, shards: number, instanceType: string): JobCommand => ({
  entrypoint: ['smspark-submit', '--local-spark-event-logs-dir', eventLogFolder, `${mountRoot}/code/run_plan.py`],
  args: [
    runUri(request, 'plan', planFile).slice(0, -1),
    runUri(request, sparkFolder).slice(0, -1),
    String(shards),
    `source=${source}`,
    `server_attributes=${runUri(request, 'plan', serversFile).slice(0, -1)}`,
  ].map(assertShellSafe),
  // The image plans executors of five cores in this mode, which an instance with fewer cannot start.
  environment: { ...engineEnvironment(null), ...(coresOf(instanceType) === maxCoresPerExecutor ? { AWS_SPARK_CONFIG_MODE: '2' } : {}) },
})

/** The image passes its arguments to a shell unquoted, so only characters without meaning to a shell are allowed. */
const assertShellSafe = (argument: string): string => {
  if (/^[\w./:@%+,=-]+$/.test(argument)) return argument
  throw new HeadroomError('cloud-setup', `The Spark image cannot read the address ${argument.replace(/^\w+=/, '')}.`, {
    next: 'Use letters, digits and . _ - = only in the prefix of the forecasts and in the S3 prefix.',
  })
}

const buildFinishCommand = ({ runId }: LaunchRequest, task: SparkTask, engineSha256: string): JobCommand => ({
  entrypoint: [...engineEntrypoint],
  args: [
    'finish',
    `${mountRoot}/stage`,
    '--out',
    outputPath,
    ...(task.spark.shards === undefined ? [] : ['--shards', String(task.spark.shards)]),
    '--run-id',
    runId,
    '--json',
    ...tableArguments('events', task.eventsTable),
  ],
  environment: engineEnvironment(engineSha256),
})

const tasksPerProcessor = 3
const maxCoresPerExecutor = 5
/** Share of an executor's memory for its heap; Spark, the driver, daemons and the system use the rest. */
const heapShare = 0.7

/** Cores of an executor: one vCPU of each instance is left for the system and the driver. */
const coresOf = (instanceType: string): number => Math.max(1, Math.min(maxCoresPerExecutor, instanceShape(instanceType).vcpus - 1))

/** In EMR's format. The plan holds the session settings that its statements need. */
const buildSparkConfiguration = (instanceType: string, instances: number, kmsKeyId: string | undefined): string => {
  const { vcpus, memoryGb } = instanceShape(instanceType)
  const cores = coresOf(instanceType)
  const executors = Math.max(1, Math.floor((vcpus - 1) / cores))
  const settings = {
    'spark.driver.memory': `${Math.max(1, Math.floor(memoryGb / 16))}g`,
    'spark.driver.maxResultSize': '0',
    'spark.executor.cores': String(cores),
    'spark.executor.instances': String(executors * instances),
    'spark.executor.memory': `${Math.max(1, Math.floor((heapShare * memoryGb) / executors))}g`,
    'spark.sql.shuffle.partitions': String(tasksPerProcessor * vcpus * instances),
    'spark.sql.adaptive.enabled': 'true',
    'spark.network.timeout': '600s',
  }
  // The image reads s3:// with S3A, which knows none of the names of EMR's file system.
  const storage = {
    // Markers of folders are not deleted, so that the role needs no permission for keys above the output.
    'fs.s3a.directory.marker.retention': 'keep',
    ...(kmsKeyId === undefined
      ? {}
      : { 'fs.s3a.server-side-encryption-algorithm': 'SSE-KMS', 'fs.s3a.server-side-encryption.key': kmsKeyId }),
  }
  const classifications = [
    { Classification: 'spark-defaults', Properties: settings },
    { Classification: 'core-site', Properties: storage },
  ]
  return `${JSON.stringify(classifications, null, 2)}\n`
}
