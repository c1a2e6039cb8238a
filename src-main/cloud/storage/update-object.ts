// Changes a small text object in S3 so that no other writer's change is lost: by conditional writes.
import { randomInt } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf } from '../account/cloud-error.ts'
import { abortable, pause } from '../account/connection.ts'
import type { S3Address } from './list-objects.ts'

export interface TextObject {
  readonly text: string
  readonly etag: string
}

/** Null where there is none. */
export const readTextObject = async (s3: S3Client, { bucket, key }: S3Address, signal?: AbortSignal): Promise<TextObject | null> => {
  try {
    const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), abortable(signal))
    return { text: (await Body?.transformToString()) ?? '', etag: ETag ?? '' }
  } catch (thrown) {
    if (httpStatusOf(thrown) === 404 && (thrown as Error).name === 'NoSuchKey') return null
    throw thrown
  }
}

/** With many writers one of them gets through in each round. */
const maxAttempts = 200
const maxPauseMs = 400

/** Another writer came first: 412, and 409 while both write. An object that was removed meanwhile is 404. */
const isOvertaken = (thrown: unknown): boolean => [404, 409, 412].includes(httpStatusOf(thrown) ?? 0)

/** `update` gets the current text, again after each change by others; null from it leaves the object alone. */
export const updateTextObject = async (
  s3: S3Client,
  address: S3Address,
  update: (text: string) => string | null,
  signal?: AbortSignal,
): Promise<void> => {
  const { bucket, key } = address
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const stored = await readTextObject(s3, address, signal)
    const text = update(stored?.text ?? '')
    if (text === null) return
    const condition = stored === null ? { IfNoneMatch: '*' } : { IfMatch: stored.etag }
    try {
      await s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: 'application/jsonl', ...condition }),
        abortable(signal),
      )
      return
    } catch (thrown) {
      if (!isOvertaken(thrown) || (thrown as Error).name === 'NoSuchBucket') throw thrown
      await pause(randomInt(Math.min(maxPauseMs, 10 * 2 ** attempt)), signal)
    }
  }
  throw new HeadroomError('cloud-refused', `s3://${bucket}/${key} changed ${maxAttempts} times while it was written.`, {
    next: 'Repeat the command when fewer write at once.',
  })
}
