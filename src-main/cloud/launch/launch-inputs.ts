// What a launch needs in the bucket: files and texts to upload, and where the container mounts them.
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { isParquetName } from '../../../src-shared/run/parquet-files.ts'
import { textFormatOf } from '../../forecasts/dataset-files.ts'
import { parseTablePath } from '../../forecasts/workbook/table-path.ts'
import { findEngineBundle } from './engine-bundle.ts'
import type { CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { mountRoot, type Mount } from '../jobs/job-request.ts'
import { runKeyPrefix, runUri } from './run-names.ts'
import { hashContents, findLocalFiles, type LocalFile, type LocalFiles } from '../storage/local-files.ts'
import type { Upload } from '../storage/upload-files.ts'

export interface LaunchText {
  readonly bucket: string
  readonly key: string
  readonly text: string
}

/** What one job of a launch will do. */
export interface LaunchPlan {
  readonly instanceType: string
  readonly outputUri: string
  readonly maxCostUsd: number | null
  readonly uploads: readonly Upload[]
  readonly texts: readonly LaunchText[]
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
}

export class LaunchInputs {
  readonly uploads: Upload[] = []
  /** Small texts; each start of this launch writes them again. */
  readonly texts: LaunchText[] = []
  readonly mounts: Mount[] = []
  readonly #request: LaunchRequest

  constructor(request: LaunchRequest) {
    this.#request = request
  }

  addUploads(files: readonly LocalFile[], folder: string): void {
    const { bucket, kmsKeyId } = this.#request.settings
    for (const { path, name, bytes } of files) this.uploads.push({ bucket, folder, key: `${folder}${name}`, path, bytes, kmsKeyId })
  }

  mount(name: string, s3Uri: string, localPath = `${mountRoot}/${name}`): void {
    this.mounts.push({ name, s3Uri, localPath })
  }

  /** A text in a folder of this run, which is mounted. */
  mountText(folder: string, name: string, text: string): void {
    this.texts.push({ bucket: this.#request.settings.bucket, key: `${runKeyPrefix(this.#request)}${folder}/${name}`, text })
    this.mount(folder, runUri(this.#request, folder))
  }

  /** Uploads local forecasts under the hash of their content; returns their address. */
  async addForecasts(input: readonly string[]): Promise<{ readonly uri: string }> {
    const local = await findLocalFiles(input)
    const { bucket, prefix } = this.#request.settings
    const folder = `${prefix}/inputs/${await hashContents(local)}/`
    this.addUploads(local.files, folder)
    const [only, ...others] = local.files
    // In a folder a text file belongs by its ending; one that is named needs none.
    const isNamed =
      only !== undefined && others.length === 0 && resolve(input[0] ?? '') === only.path && textFormatOf(only.name) === undefined
    return { uri: `s3://${bucket}/${folder}${isNamed && !isParquetName(only.name) ? only.name : ''}` }
  }

  /** Uploads and mounts a local table, if there is one. */
  async mountTable(name: string, path: string | undefined): Promise<void> {
    if (path === undefined) return
    const table = await findSingleFile((await parseTablePath(path)).file)
    const { bucket, prefix } = this.#request.settings
    const folder = `${prefix}/inputs/${await hashContents(table)}/`
    this.addUploads(table.files, folder)
    this.mount(name, `s3://${bucket}/${folder}`)
  }

  /** Uploads and mounts the engine bundle; returns its SHA-256. */
  async mountEngine(): Promise<string> {
    const engine = await findEngineBundle()
    const { bucket, prefix } = this.#request.settings
    const folder = `${prefix}/engine/${engine.sha256}/`
    this.addUploads(
      [
        { path: engine.archive, name: 'headroom-engine.tar.gz', bytes: engine.bytes },
        { path: engine.startScript, name: 'run.sh', bytes: engine.startScriptBytes },
      ],
      folder,
    )
    this.mount('engine', `s3://${bucket}/${folder}`)
    return engine.sha256
  }
}

/** Throws input-not-found if there is no such file. */
export const findSingleFile = async (path: string): Promise<LocalFiles> => {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `There is no ${path}.`, { next: 'Check the path.', cause })
  })
  if (!stats.isFile()) throw new HeadroomError('input-not-found', `${path} is a folder.`, { next: 'Name a file.' })
  return { files: [{ path, name: basename(path), bytes: stats.size }], bytes: stats.size }
}
