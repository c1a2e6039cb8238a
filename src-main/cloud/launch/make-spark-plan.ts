// Plans a Spark job from local forecasts, or from the first rows of some files in S3, read by range.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { findFirstRowGroupRange, truncateToFirstRowGroup, type ByteRange } from '../../parquet/first-row-group.ts'
import type { ByteSource } from '../../parquet/parquet-footer.ts'
import { sampleEvenly } from '../preflight/check-forecasts.ts'
import type { Connection } from '../account/connection.ts'
import { listForecastObjects, objectSource } from '../storage/forecast-objects.ts'
import { localPathsFor } from '../storage/object-keys.ts'
import { sparkTaskOf } from './plan-resources.ts'
import { makeTemporaryFolder } from '../../run-folder/temporary-folder.ts'

/** Writes `plan.json` and the servers table into `out`. */
export type SparkPlanner = (request: {
  readonly inputs: readonly string[]
  readonly out: string
  readonly config: Readonly<Record<string, unknown>>
  readonly serversTable: string | undefined
  readonly model: string | undefined
}) => Promise<unknown>

/** Does nothing without Spark. Throws HeadroomError, also for inputs that an analysis would refuse. */
export const makeSparkPlan = async (
  connection: Connection,
  request: LaunchRequest,
  plan: SparkPlanner,
  signal?: AbortSignal,
): Promise<void> => {
  const task = sparkTaskOf(request)
  if (task === undefined) return
  const { config, serversTable, model, spark } = task
  const common = { out: spark.planFolder, config, serversTable, model }
  await mkdir(spark.planFolder, { recursive: true })
  if (typeof request.input !== 'string') {
    await plan({ ...common, inputs: request.input })
    return
  }
  const { path: folder, remove } = await makeTemporaryFolder('sample-of')
  try {
    await plan({ ...common, inputs: await sampleForecasts(connection, request.input, folder, signal) })
  } finally {
    await remove()
  }
}

const maxFiles = 8
/** Bytes at the end of a file that usually hold its footer. */
const tailBytes = 1024 * 1024
/** Smaller files are copied whole. */
const smallBytes = 4 * 1024 * 1024

/** Copies of some files in `folder`, named as below the prefix, each with only its first row group. */
const sampleForecasts = async (
  connection: Connection,
  input: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> => {
  const { bucket, prefix, objects } = await listForecastObjects(connection.s3, input, signal)
  const { accepted } = localPathsFor(objects, prefix, folder)
  if (accepted.length === 0) {
    throw new HeadroomError('input-not-found', `There is no Parquet file below ${input}.`, {
      next: 'Name the prefix that the forecasts were written to.',
    })
  }
  const chosen = sampleEvenly(accepted, maxFiles)
  for (const { item, target } of chosen) await sampleObject(objectSource(connection.s3, bucket, item, signal), target)
  return chosen.map(({ target }) => target)
}

/** Bytes keep their offsets; a sparse hole replaces what is not read. */
const sampleObject = async ({ bytes, read }: ByteSource, target: string): Promise<void> => {
  await mkdir(dirname(target), { recursive: true })
  const file = await open(target, 'w')
  const copyRange = async ({ from, to }: ByteRange): Promise<void> => {
    const received = await read(from, to - from + 1)
    await file.write(received, 0, received.length, from)
  }
  try {
    await file.truncate(bytes)
    if (bytes <= smallBytes) {
      if (bytes > 0) await copyRange({ from: 0, to: bytes - 1 })
      return
    }
    await copyRange({ from: 0, to: 3 })
    await copyRange({ from: bytes - tailBytes, to: bytes - 1 })
    // A file whose footer does not fit into the tail is copied whole.
    const range = await findFirstRowGroupRange(target).catch(() => ({ from: 0, to: bytes - 1 }))
    if (range !== undefined) await copyRange(range)
  } finally {
    await file.close()
  }
  // A file that is not Parquet is rejected by its reader.
  await truncateToFirstRowGroup(target).catch(() => undefined)
}
