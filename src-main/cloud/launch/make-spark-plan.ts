// The plan of a launch through Spark: made from the local forecasts, or from the first rows of some files in S3, read by range.
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { findFirstRowGroupRange, truncateToFirstRowGroup, type ByteRange } from '../../parquet/first-row-group.ts'
import { sampleEvenly } from '../preflight/check-forecasts.ts'
import type { Connection } from '../account/connection.ts'
import type { SparkPlanner } from './engine-port.ts'
import { abortable, listObjects, type ListedObject } from '../storage/list-objects.ts'
import { localPathsFor } from '../storage/object-keys.ts'
import { sparkTaskOf } from './plan-spark-job.ts'
import { asFolder, parseS3Address } from '../storage/s3-address.ts'

/** Nothing for launches without Spark. Throws HeadroomError, also what an analysis would refuse before it reads rows. */
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
  const folder = await mkdtemp(join(tmpdir(), 'headroom-sample-of-'))
  try {
    await plan({ ...common, inputs: await sampleForecasts(connection, request.input, folder, signal) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const maxFiles = 8
/** Of a footer, which lies at the end. */
const tailBytes = 1024 * 1024
/** Smaller files come whole. */
const smallBytes = 4 * 1024 * 1024

/** Files in `folder`, named as below the prefix, each with its first row group alone. */
const sampleForecasts = async (
  connection: Connection,
  input: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> => {
  const isFile = /\.(parquet|pq)$/i.test(input)
  const address = parseS3Address(isFile ? input : asFolder(input))
  const objects = (await listObjects(connection.s3, address, { signal })).filter(({ key }) => /\.(parquet|pq)$/i.test(key))
  const { accepted } = localPathsFor(objects, address.key.slice(0, address.key.lastIndexOf('/') + 1), folder)
  if (accepted.length === 0) {
    throw new HeadroomError('input-not-found', `There is no Parquet file below ${input}.`, {
      next: 'Name the prefix that the forecasts were written to.',
    })
  }
  const chosen = sampleEvenly(accepted, maxFiles)
  for (const { item, target } of chosen) await sampleObject(connection, address.bucket, item, target, signal)
  return chosen.map(({ target }) => target)
}

/** Bytes lie where they lie in the object; what is not read stays a hole. */
const sampleObject = async (
  connection: Connection,
  bucket: string,
  { key, bytes }: ListedObject,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> => {
  await mkdir(dirname(target), { recursive: true })
  const file = await open(target, 'w')
  const readRange = async ({ from, to }: ByteRange): Promise<void> => {
    const { Body } = await connection.s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${from}-${to}` }),
      abortable(signal),
    )
    const received = (await Body?.transformToByteArray()) ?? new Uint8Array()
    await file.write(received, 0, received.length, from)
  }
  try {
    await file.truncate(bytes)
    if (bytes <= smallBytes) {
      if (bytes > 0) await readRange({ from: 0, to: bytes - 1 })
      return
    }
    await readRange({ from: 0, to: 3 })
    await readRange({ from: bytes - tailBytes, to: bytes - 1 })
    // A footer that does not fit into the tail is a reason to take the file whole.
    const range = await findFirstRowGroupRange(target).catch(() => ({ from: 0, to: bytes - 1 }))
    if (range !== undefined) await readRange(range)
  } finally {
    await file.close()
  }
  // One that is no Parquet file is refused by who reads it.
  await truncateToFirstRowGroup(target).catch(() => undefined)
}
