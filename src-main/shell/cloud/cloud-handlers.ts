// The cloud's channels: the desk behind them, and the AWS SDK with it, is loaded when the first of them is asked.
import { cloudChannels } from '../../../src-shared/ipc/cloud-contract.ts'
import type { CloudService } from './cloud-service.ts'
import type { ChannelHandlers } from '../ipc/serve-channels.ts'

export type CloudHandlers = Pick<ChannelHandlers, keyof typeof cloudChannels>

export const createCloudHandlers = (loadService: () => Promise<CloudService>): CloudHandlers =>
  Object.fromEntries(
    (Object.keys(cloudChannels) as (keyof CloudHandlers)[]).map((name) => [
      name,
      async (request: never): Promise<unknown> => (await loadService()).handlers[name](request),
    ]),
  ) as unknown as CloudHandlers
