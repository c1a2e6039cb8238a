// How a utility process serves its parent: request messages in, response messages and events out.
import { requestMessageSchema, type HostMessage } from '../../src-shared/ipc/envelope.ts'
import type { Channel, Handlers } from '../../src-shared/ipc/ipc-contract.ts'
import { handleRequest } from './handle-request.ts'

export type Post = (message: HostMessage) => void

/** The part of Electron's parent port that is used; utility processes import nothing of Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

/** Serves one request message. */
export const handleMessage = async <Name extends Channel>(handlers: Handlers<Name>, post: Post, message: unknown): Promise<void> => {
  const { id, channel, payload } = requestMessageSchema.parse(message)
  post({ type: 'response', id, response: await handleRequest(handlers, channel, payload) })
}

export const serveParent = <Name extends Channel>(createHandlers: (post: Post) => Handlers<Name>): void => {
  const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
  const post: Post = (message) => parentPort.postMessage(message)
  const handlers = createHandlers(post)
  // Not at once: inside of this callback a promise that rejects before its first wait counts as unhandled in older Electron and ends
  // the process, although it is awaited.
  parentPort.on('message', ({ data }) => setImmediate(() => void handleMessage(handlers, post, data)))
}
