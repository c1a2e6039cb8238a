// Worker thread: computes on the paths of the clusters that it is asked for, one request after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { workOfThread, type ClusterRequest, type ClusterThreadSetup } from './cluster-work.ts'

// The only sender is the pool that started this thread.
const work = workOfThread(workerData as ClusterThreadSetup)
let last = Promise.resolve()

parentPort?.on('message', (request: ClusterRequest) => {
  last = last.then(async () => parentPort?.postMessage(await work.answer(request)))
})
