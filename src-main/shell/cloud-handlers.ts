// The cloud's channels: the desk behind them, and the AWS SDK with it, is loaded when the first of them is asked.
import { cloudChannels } from '../../src-shared/cloud-contract.ts'
import type { CloudDesk } from './cloud-desk.ts'
import type { ChannelHandlers } from './serve-channels.ts'

export type CloudHandlers = Pick<ChannelHandlers, keyof typeof cloudChannels>

export const makeCloudHandlers = (desk: () => Promise<CloudDesk>): CloudHandlers =>
  Object.fromEntries(
    (Object.keys(cloudChannels) as (keyof CloudHandlers)[]).map((name) => [
      name,
      async (request: never): Promise<unknown> => (await desk()).handlers[name](request),
    ]),
  ) as unknown as CloudHandlers
