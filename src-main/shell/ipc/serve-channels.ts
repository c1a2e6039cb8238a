// Serves the window's requests: it checks the sender and refuses channels between Headroom's processes.
import type { IpcMain, WebFrameMain } from 'electron'
import { z } from 'zod'
import { windowChannels, type Handlers, type WindowChannel } from '../../../src-shared/ipc/ipc-contract.ts'
import type { IpcResponse } from '../../../src-shared/ipc/envelope.ts'
import { dropChannel, requestChannel } from '../../../src-shared/ipc/preload-bridge.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import { handleRequest, unknownChannel } from '../../ipc/serve-requests.ts'

export type WindowHandlers = Handlers<WindowChannel>

const isWindowChannel = (channel: unknown): channel is WindowChannel => (windowChannels as readonly unknown[]).includes(channel)

/** One request of the window to its response; never throws. */
export const handleWindowRequest = async (handlers: WindowHandlers, channel: unknown, payload: unknown): Promise<IpcResponse> =>
  isWindowChannel(channel) ? handleRequest(handlers, channel, payload) : { ok: false, error: toWireError(unknownChannel(channel)) }

/** `ready`: requests wait for it. `onFailure` is called for every failed request, `onDrop` for files that the user dropped. */
export const serveChannels = (
  ipcMain: IpcMain,
  handlers: WindowHandlers,
  ready: Promise<unknown>,
  isTrusted: (sender: WebFrameMain | null) => boolean,
  onFailure: (channel: string, error: WireError) => void,
  onDrop: (paths: readonly string[]) => void,
): void => {
  ipcMain.on(dropChannel, (event, paths: unknown) => {
    if (isTrusted(event.senderFrame)) onDrop(droppedPathsSchema.parse(paths))
  })
  ipcMain.handle(requestChannel, async (event, channel: unknown, payload: unknown): Promise<IpcResponse> => {
    if (!isTrusted(event.senderFrame)) {
      return { ok: false, error: { code: 'internal', message: 'This page may not send requests.' } }
    }
    await ready
    const response = await handleWindowRequest(handlers, channel, payload)
    if (!response.ok) onFailure(isWindowChannel(channel) ? channel : 'unknown', response.error)
    return response
  })
}

const droppedPathsSchema = z.array(z.string()).transform((paths) => paths.filter((path) => path !== ''))
