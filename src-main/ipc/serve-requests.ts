// How every process serves a request: it checks the channel, parses the payload and turns each failure into a wire error.
import { describeValidationRule } from '../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'
import { requestMessageSchema, type HostMessage, type IpcResponse } from '../../src-shared/ipc/envelope.ts'
import { channels, type Channel, type ChannelRequest, type ChannelResponse, type Handlers } from '../../src-shared/ipc/ipc-contract.ts'

/** Characters of a channel's name that an error repeats. */
const maxRepeatedLength = 80

export const unknownChannel = (channel: unknown): HeadroomError =>
  new HeadroomError(
    'internal',
    typeof channel === 'string' ? `There is no channel ${channel.slice(0, maxRepeatedLength)}.` : 'A request needs the name of a channel.',
  )

/** One request to its response; never throws. */
export const handleRequest = async <Name extends Channel>(
  handlers: Handlers<Name>,
  channel: unknown,
  payload: unknown,
): Promise<IpcResponse> => {
  try {
    if (!isServed(handlers, channel)) throw unknownChannel(channel)
    return { ok: true, value: await dispatch(handlers, channel, payload) }
  } catch (thrown) {
    return { ok: false, error: toWireError(thrown) }
  }
}

const isServed = <Name extends Channel>(handlers: Handlers<Name>, channel: unknown): channel is Name =>
  typeof channel === 'string' && Object.hasOwn(handlers, channel)

const dispatch = async <Name extends Channel>(
  handlers: Handlers<Name>,
  channel: Name,
  payload: unknown,
): Promise<ChannelResponse<Name>> => {
  const parsed = channels[channel].request.safeParse(payload)
  if (!parsed.success) {
    throw new HeadroomError('internal', `The request ${channel} is not valid: ${describeValidationRule(parsed.error)}.`)
  }
  return handlers[channel](parsed.data as ChannelRequest<Name>)
}

export type Post = (message: HostMessage) => void

/** The part of Electron's parent port that is used; utility processes do not import Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

/** Serves one request message. */
export const handleMessage = async <Name extends Channel>(handlers: Handlers<Name>, post: Post, message: unknown): Promise<void> => {
  const { id, channel, payload } = requestMessageSchema.parse(message)
  post({ type: 'response', id, response: await handleRequest(handlers, channel, payload) })
}

/** Serves the parent of a utility process: request messages in, response messages and events out. */
export const serveParent = <Name extends Channel>(createHandlers: (post: Post) => Handlers<Name>): void => {
  const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
  const post: Post = (message) => parentPort.postMessage(message)
  const handlers = createHandlers(post)
  // In older Electron, a promise that rejects synchronously inside this callback counts as unhandled and ends the process.
  parentPort.on('message', ({ data }) => setImmediate(() => void handleMessage(handlers, post, data)))
}
