// What a launch will do: files to bring up, where they are mounted, which machine and image, what it costs at most.
import type { CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Connection } from './connection.ts'
import { findEngineBundle } from './engine-bundle.ts'
import { folderUri, jobRequest, mountRoot, type Mount } from './job-request.ts'
import { listObjects } from './list-objects.ts'
import { contentName, findLocalFiles, type LocalFile, type LocalInput } from './local-input.ts'
import { chooseMachine, mostCost, regionImage } from './machines.ts'
import { asFolder, parseS3Address } from './s3-address.ts'
import type { Upload } from './upload-file.ts'

export interface LaunchPlan {
  readonly instanceType: string
  readonly outputUri: string
  readonly mostUsd: number | null
  readonly uploads: readonly Upload[]
  /** Small texts that are written anew at each start of this launch. */
  readonly texts: readonly { readonly bucket: string; readonly key: string; readonly text: string }[]
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
}

/** Reads this machine's files and lists the bucket; changes nothing. Throws HeadroomError where the launch cannot work. */
export const planLaunch = async (connection: Connection, request: LaunchRequest, signal?: AbortSignal): Promise<LaunchPlan> => {
  const { settings, runId, task } = request
  const { bucket, prefix } = settings
  const { region } = connection
  const uploads: Upload[] = []
  const mounts: Mount[] = []
  const bring = (files: readonly LocalFile[], folder: string): void => {
    for (const { path, name, bytes } of files) uploads.push({ bucket, key: `${folder}${name}`, path, bytes, kmsKeyId: settings.kmsKeyId })
  }
  const mount = (name: string, s3Uri: string, localPath = `${mountRoot}/${name}`): void => void mounts.push({ name, s3Uri, localPath })
  const texts: { bucket: string; key: string; text: string }[] = []

  const inputBytes = await (async (): Promise<number> => {
    if (typeof request.input === 'string') {
      mount('data', /\.(parquet|pq)$/i.test(request.input) ? request.input : asFolder(request.input))
      const objects = await listObjects(connection.s3, parseS3Address(mounts[0]!.s3Uri), { signal })
      return objects.reduce((sum, { bytes }) => sum + bytes, 0)
    }
    const local = await findLocalFiles(request.input)
    const folder = `${prefix}/inputs/${await contentName(local)}/`
    bring(local.files, folder)
    mount('data', `s3://${bucket}/${folder}`)
    return local.bytes
  })()

  let engineSha256: string | null = null
  if (task.kind === 'engine') {
    const engine = await findEngineBundle()
    engineSha256 = engine.sha256
    const folder = `${prefix}/engine/${engine.sha256}/`
    bring(
      [
        { path: engine.archive, name: 'headroom-engine.tar.gz', bytes: engine.bytes },
        { path: engine.startScript, name: 'run.sh', bytes: engine.startScriptBytes },
      ],
      folder,
    )
    mount('engine', `s3://${bucket}/${folder}`)
    texts.push({ bucket, key: `${prefix}/runs/${runId}/settings/settings.json`, text: `${JSON.stringify(task.config, null, 2)}\n` })
    mount('settings', folderUri(bucket, prefix, 'runs', runId, 'settings'))
    for (const [name, path] of Object.entries({ servers: task.serversTable, events: task.eventsTable })) {
      if (path === undefined) continue
      const table = await singleFile(path)
      const tableFolder = `${prefix}/inputs/${await contentName(table)}/`
      bring(table.files, tableFolder)
      mount(name, `s3://${bucket}/${tableFolder}`)
    }
  } else {
    await mountProject(task, { bring, mount, bucket })
  }

  const instanceType = settings.instanceType ?? chooseMachine(inputBytes).type
  const imageUri = settings.imageUri ?? regionImage(region)
  if (imageUri === undefined) {
    throw new HeadroomError('cloud-setup', `AWS publishes no scikit-learn image in ${region}.`, {
      next: 'Name an image with bash and glibc 2.28 or later.',
    })
  }
  const outputUri = task.kind === 'engine' ? folderUri(bucket, prefix, 'runs', runId, 'output') : folderUri(bucket, 'risk_analysis', runId)
  const mostUsd = mostCost(instanceType, region, settings.maxRuntimeSeconds, settings.volumeGb)
  const parts = { request, region, imageUri, instanceType, mounts, outputUri, engineSha256 }
  return { instanceType, outputUri, mostUsd, uploads, texts, job: (jobName) => jobRequest({ ...parts, jobName }) }
}

const singleFile = async (path: string): Promise<LocalInput> => {
  const found = await stat(path).catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `There is no ${path}.`, { next: 'Check the path.', cause })
  })
  if (!found.isFile()) throw new HeadroomError('input-not-found', `${path} is a folder.`, { next: 'Name a file.' })
  return { files: [{ path, name: basename(path), bytes: found.size }], bytes: found.size }
}

interface PlanTools {
  readonly bring: (files: readonly LocalFile[], folder: string) => void
  readonly mount: (name: string, s3Uri: string, localPath?: string) => void
  readonly bucket: string
}

/** The user's own module: its `src`, `config` and script, mounted as their pipeline does. */
const mountProject = async (
  task: Extract<LaunchRequest['task'], { kind: 'python-module' }>,
  { bring, mount, bucket }: PlanTools,
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
    bring(files, `${root}/${name}/`)
    mount(name, `s3://${bucket}/${root}/${name}/`, `${mountRoot}/project_root/${name}`)
  }
  bring(code.files, `${root}/code/`)
  mount('code', `s3://${bucket}/${root}/code/`)
}
