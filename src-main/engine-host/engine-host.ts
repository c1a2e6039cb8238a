// Entry of the engine's own process: messages in, answers and events out.
import { createEngineService } from './engine-service.ts'

/** The part of Electron's parent port that is used; this process imports nothing of Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
const serve = createEngineService((report) => parentPort.postMessage(report))
// Not at once: inside of this callback a promise that rejects before its first wait counts as unhandled in older Electron and ends
// the process, although it is awaited.
parentPort.on('message', ({ data }) => setImmediate(() => void serve(data)))
