// What a launch will do: files to bring up, where they are mounted, which machine and image, what it costs at most.
import type { CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { join } from 'node:path'
import type { TripPart } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Connection } from './connection.ts'
import { folderUri, jobRequest, mountRoot } from './job-request.ts'
import { LaunchParts, singleFile, type LaunchText } from './launch-parts.ts'
import { listObjects } from './list-objects.ts'
import { contentName, findLocalFiles } from './local-input.ts'
import { chooseMachine, mostCost, regionImage } from './machines.ts'
import { planSparkPart, stageUri } from './plan-spark.ts'
import { asFolder, parseS3Address } from './s3-address.ts'
import type { Upload } from './upload-file.ts'

export interface LaunchPlan {
  readonly instanceType: string
  readonly outputUri: string
  readonly mostUsd: number | null
  readonly uploads: readonly Upload[]
  readonly texts: readonly LaunchText[]
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
}

/** Reads this machine's files and lists the bucket; changes nothing. Throws HeadroomError where the launch cannot work. */
export const planLaunch = async (
  connection: Connection,
  request: LaunchRequest,
  part: TripPart = 'whole',
  signal?: AbortSignal,
): Promise<LaunchPlan> => {
  const parts = new LaunchParts(request)
  const inputBytes = await bringInput(connection, request, parts, part, signal)
  return part === 'whole' ? planWhole(connection, request, parts, inputBytes) : planSparkPart(connection, request, part, parts, inputBytes)
}

/** Bytes of the forecasts, or of what the Spark job left of them. They are mounted for the engine; Spark reads them where they lie. */
const bringInput = async (
  connection: Connection,
  { input }: LaunchRequest,
  parts: LaunchParts,
  part: TripPart,
  signal: AbortSignal | undefined,
): Promise<number> => {
  if (part !== 'finish' && typeof input !== 'string') {
    const { bytes, uri } = await parts.bringForecasts(input)
    parts.mount('data', uri)
    return bytes
  }
  const uri = part === 'finish' || typeof input !== 'string' ? stageUri(parts) : /\.(parquet|pq)$/i.test(input) ? input : asFolder(input)
  if (part === 'finish') parts.mount('stage', uri)
  else parts.mount('data', uri)
  const objects = await listObjects(connection.s3, parseS3Address(uri), { signal })
  return objects.reduce((sum, { bytes }) => sum + bytes, 0)
}

const planWhole = async ({ region }: Connection, request: LaunchRequest, parts: LaunchParts, inputBytes: number): Promise<LaunchPlan> => {
  const { settings, runId, task } = request
  let engineSha256: string | null = null
  if (task.kind === 'engine') {
    engineSha256 = await parts.mountEngine()
    parts.mountText('settings', 'settings.json', `${JSON.stringify(task.config, null, 2)}\n`)
    await parts.mountTable('servers', task.serversTable)
    await parts.mountTable('events', task.eventsTable)
  } else {
    await mountProject(task, parts, settings.bucket)
  }
  const instanceType = settings.instanceType ?? chooseMachine(inputBytes).type
  const imageUri = settings.imageUri ?? regionImage(region)
  if (imageUri === undefined) {
    throw new HeadroomError('cloud-setup', `AWS publishes no scikit-learn image in ${region}.`, {
      next: 'Name an image with bash and glibc 2.28 or later.',
    })
  }
  const outputUri = task.kind === 'engine' ? parts.runUri('output') : folderUri(settings.bucket, 'risk_analysis', runId)
  const mostUsd = mostCost(instanceType, region, settings.maxRuntimeSeconds, settings.volumeGb)
  const { uploads, texts, mounts } = parts
  const known = { request, region, imageUri, instanceType, mounts, outputUri, engineSha256 }
  return { instanceType, outputUri, mostUsd, uploads, texts, job: (jobName) => jobRequest({ ...known, jobName }) }
}

/** The user's own module: its `src`, `config` and script, mounted as their pipeline does. */
const mountProject = async (
  task: Extract<LaunchRequest['task'], { kind: 'python-module' }>,
  launch: LaunchParts,
  bucket: string,
): Promise<void> => {
  const isCode = (path: string): boolean => !/(^|[\\/])(__pycache__|\.git|\.venv)([\\/]|$)|\.pyc$/.test(path)
  const parts = {
    src: await findLocalFiles([join(task.projectFolder, 'src')], isCode),
    config: await findLocalFiles([join(task.projectFolder, 'config')], isCode),
  }
  const script = join(task.projectFolder, task.script)
  const code = await singleFile(script)
  const whole = { files: [...parts.src.files, ...parts.config.files, ...code.files], bytes: 0 }
  const root = `sagemaker/artifacts/headroom-${(await contentName(whole)).slice(0, 32)}`
  for (const [name, { files }] of Object.entries(parts)) {
    launch.bring(files, `${root}/${name}/`)
    launch.mount(name, `s3://${bucket}/${root}/${name}/`, `${mountRoot}/project_root/${name}`)
  }
  launch.bring(code.files, `${root}/code/`)
  launch.mount('code', `s3://${bucket}/${root}/code/`)
}
