// The only file that touches the preload bridge: typed requests and pushes, parsed by the contract.
import {
  answerSchema,
  channels,
  pushSchema,
  type Channel,
  type ChannelRequest,
  type ChannelResponse,
  type Push,
} from '../src-shared/ipc-contract.ts'
import { HeadroomError, type WireError } from '../src-shared/errors.ts'
import type { PreloadBridge } from '../src-shared/preload-bridge.ts'

declare global {
  interface Window {
    readonly headroom: PreloadBridge
  }
}

/** When something happened last, for whoever measures the window. */
const markLast = (name: string): void => {
  performance.clearMarks(name)
  performance.mark(name)
}

/** Rejects with HeadroomError: the one the main process answered, or `internal` where the answer does not fit. */
export const request = async <Name extends Channel>(channel: Name, payload: ChannelRequest<Name>): Promise<ChannelResponse<Name>> => {
  const answer = answerSchema.parse(await window.headroom.request(channel, payload))
  markLast(`answer ${channel}`)
  if (!answer.ok) throw asHeadroomError(answer.error)
  const value = channels[channel].response.safeParse(answer.value)
  if (!value.success) {
    throw new HeadroomError('internal', `The answer does not fit ${channel}: ${value.error.message}`)
  }
  return value.data as ChannelResponse<Name>
}

export const onPush = (listener: (push: Push) => void): (() => void) => window.headroom.onPush((push) => listener(pushSchema.parse(push)))

/** Path of a dropped file or folder; "" for what has none, such as a picture dragged out of a web page. */
export const pathOfFile = (file: File): string => {
  // Electron before 32 puts the path on the file itself.
  const { path } = file as File & { readonly path?: string }
  return path !== undefined && path !== '' ? path : window.headroom.pathOf(file)
}

const asHeadroomError = ({ code, message, next, sql }: WireError): HeadroomError =>
  new HeadroomError(code, message, {
    ...(next === undefined ? {} : { next }),
    ...(sql === undefined ? {} : { sql }),
  })
