// What a launch will do: files to bring up, where they are mounted, which machine and image, what it costs at most.
import type { CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { join } from 'node:path'
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Connection } from '../account/connection.ts'
import { folderUri, buildJobRequest, mountRoot } from '../jobs/job-request.ts'
import { LaunchInputs, findSingleFile, type LaunchText } from './launch-inputs.ts'
import { forecastUri, listForecastObjects } from '../storage/forecast-objects.ts'
import { listObjects } from '../storage/list-objects.ts'
import { hashContents, findLocalFiles } from '../storage/local-files.ts'
import { chooseInstanceType, estimateMaxCostUsd, scikitLearnImage } from '../jobs/instance-types.ts'
import { planSparkJob, sparkOutputUri } from './plan-spark-job.ts'
import { parseS3Address } from '../storage/s3-address.ts'
import type { Upload } from '../storage/upload-file.ts'

export interface LaunchPlan {
  readonly instanceType: string
  readonly outputUri: string
  readonly maxCostUsd: number | null
  readonly uploads: readonly Upload[]
  readonly texts: readonly LaunchText[]
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
}

/** Reads this machine's files and lists the bucket; changes nothing. Throws HeadroomError where the launch cannot work. */
export const planLaunch = async (
  connection: Connection,
  request: LaunchRequest,
  part: CloudRunPart = 'whole',
  signal?: AbortSignal,
): Promise<LaunchPlan> => {
  const inputs = new LaunchInputs(request)
  const inputBytes = await addInput(connection, request, inputs, part, signal)
  return part === 'whole'
    ? planSingleJob(connection, request, inputs, inputBytes)
    : planSparkJob(connection, request, part, inputs, inputBytes)
}

/** Bytes of the forecasts, or of what the Spark job left of them. They are mounted for the engine; Spark reads them where they lie. */
const addInput = async (
  connection: Connection,
  { input }: LaunchRequest,
  inputs: LaunchInputs,
  part: CloudRunPart,
  signal: AbortSignal | undefined,
): Promise<number> => {
  if (part !== 'finish' && typeof input !== 'string') {
    const { bytes, uri } = await inputs.addForecasts(input)
    inputs.mount('data', uri)
    return bytes
  }
  if (part !== 'finish' && typeof input === 'string') {
    inputs.mount('data', forecastUri(input))
    return (await listForecastObjects(connection.s3, input, signal)).bytes
  }
  const uri = sparkOutputUri(inputs)
  inputs.mount('stage', uri)
  const objects = await listObjects(connection.s3, parseS3Address(uri), { signal })
  return objects.reduce((sum, { bytes }) => sum + bytes, 0)
}

const planSingleJob = async (
  { region }: Connection,
  request: LaunchRequest,
  inputs: LaunchInputs,
  inputBytes: number,
): Promise<LaunchPlan> => {
  const { settings, runId, task } = request
  let engineSha256: string | null = null
  if (task.kind === 'engine') {
    engineSha256 = await inputs.mountEngine()
    inputs.mountText('settings', 'settings.json', `${JSON.stringify(task.config, null, 2)}\n`)
    await inputs.mountTable('servers', task.serversTable)
    await inputs.mountTable('events', task.eventsTable)
  } else {
    await mountProject(task, inputs, settings.bucket)
  }
  const instanceType = settings.instanceType ?? chooseInstanceType(inputBytes).type
  const imageUri = settings.imageUri ?? scikitLearnImage(region)
  if (imageUri === undefined) {
    throw new HeadroomError('cloud-setup', `AWS publishes no scikit-learn image in ${region}.`, {
      next: 'Name an image with bash and glibc 2.28 or later.',
    })
  }
  const outputUri = task.kind === 'engine' ? inputs.runUri('output') : folderUri(settings.bucket, 'risk_analysis', runId)
  const maxCostUsd = estimateMaxCostUsd(instanceType, region, settings.maxRuntimeSeconds, settings.volumeGb)
  const { uploads, texts, mounts } = inputs
  const common = { request, region, imageUri, instanceType, mounts, outputUri, engineSha256 }
  return { instanceType, outputUri, maxCostUsd, uploads, texts, job: (jobName) => buildJobRequest({ ...common, jobName }) }
}

/** The user's own module: its `src`, `config` and script, mounted as their pipeline does. */
const mountProject = async (
  task: Extract<LaunchRequest['task'], { kind: 'python-module' }>,
  launch: LaunchInputs,
  bucket: string,
): Promise<void> => {
  const isCode = (path: string): boolean => !/(^|[\\/])(__pycache__|\.git|\.venv)([\\/]|$)|\.pyc$/.test(path)
  const inputs = {
    src: await findLocalFiles([join(task.projectFolder, 'src')], isCode),
    config: await findLocalFiles([join(task.projectFolder, 'config')], isCode),
  }
  const script = join(task.projectFolder, task.script)
  const code = await findSingleFile(script)
  const allFiles = { files: [...inputs.src.files, ...inputs.config.files, ...code.files], bytes: 0 }
  const root = `sagemaker/artifacts/headroom-${(await hashContents(allFiles)).slice(0, 32)}`
  for (const [name, { files }] of Object.entries(inputs)) {
    launch.addUploads(files, `${root}/${name}/`)
    launch.mount(name, `s3://${bucket}/${root}/${name}/`, `${mountRoot}/project_root/${name}`)
  }
  launch.addUploads(code.files, `${root}/code/`)
  launch.mount('code', `s3://${bucket}/${root}/code/`)
}
