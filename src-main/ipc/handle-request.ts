// How every process serves a request: channel known, payload parsed, every failure turned into a wire error.
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'
import type { IpcResponse } from '../../src-shared/ipc/envelope.ts'
import { channels, type Channel, type ChannelRequest, type ChannelResponse, type Handlers } from '../../src-shared/ipc/ipc-contract.ts'

/** Characters of a request that an error repeats. */
const maxRepeatedLength = 300

export const unknownChannel = (channel: unknown): HeadroomError =>
  new HeadroomError('internal', `There is no channel ${String(channel).slice(0, maxRepeatedLength)}.`)

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
    const [issue] = parsed.error.issues
    const issueText = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`
    throw new HeadroomError('internal', `The request does not fit ${channel}: ${issueText.slice(0, maxRepeatedLength)}`)
  }
  return handlers[channel](parsed.data as ChannelRequest<Name>)
}
