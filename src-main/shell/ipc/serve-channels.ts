// Answers the window's requests: sender checked, channel known, payload parsed, every failure turned into a wire error.
import type { IpcMain, WebFrameMain } from 'electron'
import { HeadroomError, toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import {
  channels,
  isChannel,
  type IpcResponse,
  type Channel,
  type ChannelRequest,
  type ChannelResponse,
} from '../../../src-shared/ipc/ipc-contract.ts'
import { requestChannel } from '../../../src-shared/ipc/preload-bridge.ts'

/** Characters of what an answer repeats of a request. */
const maxIssueLength = 300

export type ChannelHandlers = { readonly [Name in Channel]: (request: ChannelRequest<Name>) => Promise<ChannelResponse<Name>> }

/** One request from the window to its answer; never throws. */
export const handleRequest = async (handlers: ChannelHandlers, channel: unknown, payload: unknown): Promise<IpcResponse<unknown>> => {
  try {
    if (!isChannel(channel)) throw new HeadroomError('internal', `There is no channel ${String(channel).slice(0, maxIssueLength)}.`)
    return { ok: true, value: await dispatch(handlers, channel, payload) }
  } catch (thrown) {
    return { ok: false, error: toWireError(thrown) }
  }
}

const dispatch = async <Name extends Channel>(
  handlers: ChannelHandlers,
  channel: Name,
  payload: unknown,
): Promise<ChannelResponse<Name>> => {
  const parsed = channels[channel].request.safeParse(payload)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const issueText = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`
    throw new HeadroomError('internal', `The request does not fit ${channel}: ${issueText.slice(0, maxIssueLength)}`)
  }
  return handlers[channel](parsed.data as ChannelRequest<Name>)
}

/** `onFailure` is told of every request that failed. */
export const serveChannels = (
  ipcMain: IpcMain,
  handlers: ChannelHandlers,
  isTrusted: (sender: WebFrameMain | null) => boolean,
  onFailure: (channel: string, error: WireError) => void,
): void =>
  ipcMain.handle(requestChannel, async (event, channel: unknown, payload: unknown): Promise<IpcResponse<unknown>> => {
    if (!isTrusted(event.senderFrame)) {
      return { ok: false, error: { code: 'internal', message: 'This page may not ask.' } }
    }
    const response = await handleRequest(handlers, channel, payload)
    if (!response.ok) onFailure(isChannel(channel) ? channel : 'unknown', response.error)
    return response
  })
