// Answers the window's requests: sender checked, channel known, payload parsed, every failure turned into a wire error.
import type { IpcMain, WebFrameMain } from 'electron'
import { HeadroomError, toWireError, type WireError } from '../../src-shared/errors.ts'
import { channels, isChannel, type Answer, type Channel, type ChannelRequest, type ChannelResponse } from '../../src-shared/ipc-contract.ts'
import { requestPipe } from '../../src-shared/preload-bridge.ts'

/** Characters of what an answer repeats of a request. */
const longestMisfit = 300

export type ChannelHandlers = { readonly [Name in Channel]: (request: ChannelRequest<Name>) => Promise<ChannelResponse<Name>> }

/** One request from the window to its answer; never throws. */
export const answerRequest = async (handlers: ChannelHandlers, channel: unknown, payload: unknown): Promise<Answer<unknown>> => {
  try {
    if (!isChannel(channel)) throw new HeadroomError('internal', `There is no channel ${String(channel).slice(0, longestMisfit)}.`)
    return { ok: true, value: await handle(handlers, channel, payload) }
  } catch (thrown) {
    return { ok: false, error: toWireError(thrown) }
  }
}

const handle = async <Name extends Channel>(handlers: ChannelHandlers, channel: Name, payload: unknown): Promise<ChannelResponse<Name>> => {
  const parsed = channels[channel].request.safeParse(payload)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const misfit = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`
    throw new HeadroomError('internal', `The request does not fit ${channel}: ${misfit.slice(0, longestMisfit)}`)
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
  ipcMain.handle(requestPipe, async (event, channel: unknown, payload: unknown): Promise<Answer<unknown>> => {
    if (!isTrusted(event.senderFrame)) {
      return { ok: false, error: { code: 'internal', message: 'This page may not ask.' } }
    }
    const answer = await answerRequest(handlers, channel, payload)
    if (!answer.ok) onFailure(isChannel(channel) ? channel : 'unknown', answer.error)
    return answer
  })
