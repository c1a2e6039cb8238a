// Worker thread: draws and measures the paths that it is asked for, one request after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { PathWork, type PathRequest, type PathThreadSetup } from './path-work.ts'
import { receivePathTask } from './send-path-task.ts'

// The only sender is the pool that started this thread.
const { task, paths } = workerData as PathThreadSetup
const work = new PathWork({ task: receivePathTask(task), paths })
let last = Promise.resolve()

parentPort?.on('message', (request: PathRequest) => {
  last = last.then(async () => parentPort?.postMessage(await work.answer(request)))
})
