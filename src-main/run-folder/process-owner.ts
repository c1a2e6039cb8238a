// Who writes a folder or holds a lock: host, boot, process and a random number, so that no other container or restart is taken for it.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'

const ownerSchema = z.object({
  nonce: z.uuid(),
  host: z.string(),
  /** Linux only: other values after a restart of the machine, and in another container. */
  boot_id: z.string().nullable(),
  pid_namespace: z.string().nullable(),
  pid: z.int(),
  /** Ticks since the boot at which the process started; Linux only. */
  started_at: z.string().nullable(),
})
export type ProcessOwner = z.infer<typeof ownerSchema>

const readOrNull = (read: () => string): string | null => {
  try {
    return read()
  } catch {
    return null
  }
}

/** The start time is the 20th field behind the command's name, which ends at the last bracket. */
const processStart = (pid: number | 'self'): string | null =>
  readOrNull(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  })

let processIdentity: Omit<ProcessOwner, 'nonce'> | undefined

/** This process, under a random number of the caller. */
export const currentOwner = (nonce: string): ProcessOwner => ({
  nonce,
  ...(processIdentity ??= {
    host: hostname(),
    boot_id: readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pid_namespace: readOrNull(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    started_at: processStart('self'),
  }),
})

/** `undefined` where the text is no owner. */
export const parseOwner = (text: string): ProcessOwner | undefined => {
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Whether the owner's process runs; `unknown` for one on another host or in another container, whose processes cannot be seen. */
export const ownerState = (owner: ProcessOwner): 'running' | 'ended' | 'unknown' => {
  const current = currentOwner(owner.nonce)
  if (owner.host !== current.host || owner.boot_id !== current.boot_id || owner.pid_namespace !== current.pid_namespace) return 'unknown'
  if (!isProcessAlive(owner.pid)) return 'ended'
  // Where the start times are known and differ, another process has been given the same number.
  return processStart(owner.pid) === owner.started_at ? 'running' : 'ended'
}

const isProcessAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
