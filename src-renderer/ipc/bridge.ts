// The only file that touches the preload bridge: typed requests and pushes, parsed by the contract.
import {
  channels,
  pushSchema,
  type ChannelRequest,
  type ChannelResponse,
  type Push,
  type WindowChannel,
} from '../../src-shared/ipc/ipc-contract.ts'
import { responseSchema, unwrapResponse } from '../../src-shared/ipc/envelope.ts'
import { describeValidationRule } from '../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { PreloadBridge } from '../../src-shared/ipc/preload-bridge.ts'

declare global {
  interface Window {
    readonly headroom: PreloadBridge
  }
}

/** Marks the time of an event, for measurements of the window. */
const markLatest = (name: string): void => {
  performance.clearMarks(name)
  performance.mark(name)
}

/** Rejects with the HeadroomError of the process that served it, or `internal` where the response does not fit the contract. */
export const request = async <Name extends WindowChannel>(channel: Name, payload: ChannelRequest<Name>): Promise<ChannelResponse<Name>> => {
  const response = responseSchema.parse(await window.headroom.request(channel, payload))
  markLatest(`response ${channel}`)
  const value = channels[channel].response.safeParse(unwrapResponse(response))
  if (!value.success) {
    throw new HeadroomError('internal', `The response to ${channel} is not valid: ${describeValidationRule(value.error)}.`)
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
