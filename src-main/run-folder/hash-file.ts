// SHA-256 of files. A large file is read by a thread, so that this one goes on computing.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { findWorkerFile, WorkerThread } from '../threads/worker-thread.ts'
import { streamRegularFile } from './regular-file.ts'

/** Starting a thread takes as long as hashing some megabytes. */
const minThreadBytes = 64 * 1024 ** 2

/** SHA-256 of a file, lower-case hexadecimal. Throws run-damaged where it is no regular file, and what the file system throws. */
export const hashFile = async (path: string): Promise<string> => {
  const worker = (await stat(path)).size < minThreadBytes ? undefined : findWorkerFile('hash-worker.cjs')
  return worker === undefined ? hashHere(path) : hashInThread(worker, path)
}

/** Like `hashFile`, on this thread. */
export const hashHere = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(await streamRegularFile(path), hash)
  return hash.digest('hex')
}

/** `worker`: the built file of the thread. */
export const hashInThread = async (worker: string, path: string): Promise<string> => {
  const thread = new WorkerThread<string, string | null>(worker, null)
  try {
    // What fails there fails here too, and is thrown as it is.
    return (await thread.ask(path)) ?? (await hashHere(path))
  } finally {
    await thread.close()
  }
}
