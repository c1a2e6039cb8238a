// Worker thread: hashes the files that it is asked for, one after the other. Null where a file cannot be read.
import { parentPort } from 'node:worker_threads'
import { hashHere } from './hash-file.ts'

// The only sender is the call that started this thread.
parentPort?.on('message', (path: string) => {
  void hashHere(path)
    .catch(() => null)
    .then((sha256) => parentPort?.postMessage(sha256))
})
