// Plans a job of a launch: files to upload, mounts, instance type, image and estimated cost.
import { join } from 'node:path'
import runModule from '../../../resources/cloud/run-module.sh?raw'
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import { capacityTableKinds } from '../../../src-shared/run/capacity-tables.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import type { Connection } from '../account/connection.ts'
import { folderUri, buildJobRequest, mountRoot, wheelsMount } from '../jobs/job-request.ts'
import { LaunchInputs, findSingleFile, type LaunchPlan } from './launch-inputs.ts'
import { checkForecasts } from '../preflight/check-forecasts.ts'
import { isWheel } from '../preflight/check-module.ts'
import { listForecastObjects } from '../storage/forecast-objects.ts'
import { listObjects, parseS3Address } from '../storage/list-objects.ts'
import { hashContents, findLocalFiles } from '../storage/local-files.ts'
import { requireImage, type InputSize } from '../jobs/instance-types.ts'
import { estimateRunCostUsd, planResources } from './plan-resources.ts'
import { runUri } from './run-names.ts'
import { planSparkJob, sparkOutputUri } from './plan-spark-job.ts'

/** Reads local files and lists the bucket, without changing anything. Throws HeadroomError if the launch cannot work. */
export const planLaunch = async (
  connection: Connection,
  request: LaunchRequest,
  part: CloudRunPart = 'whole',
  signal?: AbortSignal,
): Promise<LaunchPlan> => {
  const inputs = new LaunchInputs(request)
  const size = await addInput(connection, request, inputs, part, signal)
  return part === 'whole' ? planSingleJob(connection, request, inputs, size) : planSparkJob(connection, request, part, inputs, size)
}

/** Size of the forecasts, or of the Spark output. The engine gets them mounted; Spark reads them in the bucket. */
const addInput = async (
  connection: Connection,
  request: LaunchRequest,
  inputs: LaunchInputs,
  part: CloudRunPart,
  signal: AbortSignal | undefined,
): Promise<InputSize> => {
  const { input } = request
  if (part !== 'finish') {
    const { uri } = typeof input === 'string' ? await listForecastObjects(connection.s3, input, signal) : await inputs.addForecasts(input)
    inputs.mount('data', uri)
    return (await checkForecasts(connection, request, signal)).size
  }
  const uri = sparkOutputUri(request)
  inputs.mount('stage', uri)
  const objects = await listObjects(connection.s3, parseS3Address(uri), { signal })
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  return { bytes, unpackedBytes: bytes }
}

const planSingleJob = async (
  { region, prices }: Connection,
  request: LaunchRequest,
  inputs: LaunchInputs,
  size: InputSize,
): Promise<LaunchPlan> => {
  const { settings, runId, task } = request
  let engineSha256: string | null = null
  if (task.kind === 'engine') {
    engineSha256 = await inputs.mountEngine()
    inputs.mountText('settings', 'settings.json', `${JSON.stringify(task.config, null, 2)}\n`)
    await inputs.mountTable('servers', task.serversTable)
    await inputs.mountTable('events', task.eventsTable)
    for (const kind of capacityTableKinds) await inputs.mountTable(kind, task.capacityTables?.[kind])
  } else {
    await mountProject(task, inputs, settings.bucket)
  }
  const { instanceType, volumeGb } = planResources(request, 'whole', size)
  const imageUri = settings.imageUri ?? requireImage('scikit-learn', region)
  const outputUri =
    task.kind === 'engine' ? runUri(request, 'output') : folderUri(settings.bucket, task.outputPrefix ?? 'risk_analysis', runId)
  const maxCostUsd = estimateRunCostUsd(request, prices, size)
  const { uploads, texts, mounts } = inputs
  const common = { request, region, imageUri, instanceType, volumeGb, mounts, outputUri, engineSha256 }
  return { instanceType, outputUri, maxCostUsd, uploads, texts, job: (jobName) => buildJobRequest({ ...common, jobName }) }
}

/** A custom Python module: its `src`, `config` and script, mounted as the pipeline does. */
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
  const wheels = task.wheelsFolder === undefined ? [] : (await findLocalFiles([task.wheelsFolder], isWheel)).files
  const allFiles = { files: [...inputs.src.files, ...inputs.config.files, ...code.files, ...wheels], bytes: 0 }
  const root = `sagemaker/artifacts/headroom-${(await hashContents(allFiles)).slice(0, 32)}`
  for (const [name, { files }] of Object.entries(inputs)) {
    launch.addUploads(files, `${root}/${name}/`)
    launch.mount(name, `s3://${bucket}/${root}/${name}/`, `${mountRoot}/project_root/${name}`)
  }
  launch.addUploads(code.files, `${root}/code/`)
  launch.mount('code', `s3://${bucket}/${root}/code/`)
  if (wheels.length === 0) return
  launch.addUploads(wheels, `${root}/wheels/`)
  launch.mount(wheelsMount, `s3://${bucket}/${root}/wheels/`)
  launch.mountText('start', 'run-module.sh', runModule)
}
