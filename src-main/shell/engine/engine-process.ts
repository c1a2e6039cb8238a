// The engine process: started with the app, started again after a crash.
import type { AnalysisEvent } from '../../../src-shared/ipc/envelope.ts'
import type { ChannelServedBy } from '../../../src-shared/ipc/ipc-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { HostProcess } from './host-process.ts'

export type EngineProcess = HostProcess<ChannelServedBy<'engine'>>

export const createEngineProcess = (
  script: string,
  onEvent: (event: AnalysisEvent) => void,
  onCrash: (name: string, exitCode: number) => void,
): EngineProcess =>
  new HostProcess({
    script,
    serviceName: 'Headroom engine',
    onEvent,
    onCrash,
    exitError: (exitCode) => new HeadroomError('engine-crashed', `The engine stopped unexpectedly (exit code ${exitCode}).`),
  })
