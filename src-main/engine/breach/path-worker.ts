// Worker thread: draws and measures the paths that it is asked for, one request after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { PathWork, type PathRequest, type PathSetup } from './path-work.ts'

// The only sender is the pool that started this thread.
const work = new PathWork(workerData as PathSetup)
let last = Promise.resolve()

parentPort?.on('message', (request: PathRequest) => {
  last = last.then(async () => parentPort?.postMessage(await work.answer(request)))
})
