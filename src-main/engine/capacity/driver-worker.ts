// Worker thread: fits the drivers that it is asked for, one request after the other.
import { parentPort } from 'node:worker_threads'
import { DriverWork, type FitRequest } from './driver-fits.ts'

// The only sender is the reader that started this thread.
const work = new DriverWork()

parentPort?.on('message', (request: FitRequest) => parentPort?.postMessage(work.answer(request)))
