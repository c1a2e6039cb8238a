// The only file that touches the preload bridge: typed requests and pushes, parsed by the contract.
import {
  ipcResponseSchema,
  channels,
  pushSchema,
  type Channel,
  type ChannelRequest,
  type ChannelResponse,
  type Push,
} from '../../src-shared/ipc/ipc-contract.ts'
import { HeadroomError, type WireError } from '../../src-shared/run/errors.ts'
import type { PreloadBridge } from '../../src-shared/ipc/preload-bridge.ts'

declare global {
  interface Window {
    readonly headroom: PreloadBridge
  }
}

/** When something happened last, for whoever measures the window. */
const markLatest = (name: string): void => {
  performance.clearMarks(name)
  performance.mark(name)
}

/** Rejects with HeadroomError: the one the main process answered, or `internal` where the answer does not fit. */
export const request = async <Name extends Channel>(channel: Name, payload: ChannelRequest<Name>): Promise<ChannelResponse<Name>> => {
  const result = ipcResponseSchema.parse(await window.headroom.request(channel, payload))
  markLatest(`response ${channel}`)
  if (!result.ok) throw asHeadroomError(result.error)
  const value = channels[channel].response.safeParse(result.value)
  if (!value.success) {
    throw new HeadroomError('internal', `The answer does not fit ${channel}: ${value.error.message}`)
  }
  return value.data as ChannelResponse<Name>
}

export const onPush = (listener: (push: Push) => void): (() => void) => window.headroom.onPush((push) => listener(pushSchema.parse(push)))

/** Path of a dropped file or folder; "" for what has none, such as a picture dragged out of a web page. */
export const getPathForFile = (file: File): string => {
  // Electron before 32 puts the path on the file itself.
  const { path } = file as File & { readonly path?: string }
  return path !== undefined && path !== '' ? path : window.headroom.pathOf(file)
}

const asHeadroomError = ({ code, message, next, sql }: WireError): HeadroomError =>
  new HeadroomError(code, message, {
    ...(next === undefined ? {} : { next }),
    ...(sql === undefined ? {} : { sql }),
  })
