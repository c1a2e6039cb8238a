// Starts a utility process of the window, without loading what speaks with it.
import { utilityProcess, type UtilityProcess } from 'electron'

export interface HostScript {
  readonly script: string
  readonly serviceName: string
  /** Default: the environment of the main process. */
  readonly env?: Record<string, string>
}

export const forkHost = ({ script, serviceName, env }: HostScript): UtilityProcess =>
  utilityProcess.fork(script, [], { serviceName, stdio: 'inherit', ...(env === undefined ? {} : { env }) })

export const engineHost = (script: string): HostScript => ({ script, serviceName: 'Headroom engine' })
