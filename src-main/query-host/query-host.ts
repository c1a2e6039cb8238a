// Entry of the process for the user's own SQL: it reads one run's tables and is ended when a question takes too long or is cancelled.
import { serveQuery } from './query-service.ts'

/** The part of Electron's parent port that is used; this process imports nothing of Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
// Not at once: as in the engine's process.
parentPort.on('message', ({ data }) => setImmediate(() => void serveQuery(data).then((report) => parentPort.postMessage(report))))
