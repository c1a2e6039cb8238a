// Who writes a folder or holds a lock: host, boot, process and a random number, so that no other container or restart is taken for it.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
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

const readOrNull = <Value>(read: () => Value): Value | null => {
  try {
    return read()
  } catch {
    return null
  }
}

/** State and start time are the first and the 20th field behind the command's name, which ends at the last bracket. */
const processFields = (pid: number | 'self'): { readonly state: string; readonly startedAt: string } | null =>
  readOrNull(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startedAt: fields[19] ?? '' }
  })

const processStart = (pid: number | 'self'): string | null => processFields(pid)?.startedAt ?? null

/** Killed, and its parent has not asked for its exit code yet. */
const zombieState = 'Z'

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
  const fields = processFields(owner.pid)
  if (fields?.state === zombieState) return 'ended'
  // Where the start times are known and differ, another process has been given the same number.
  return (fields?.startedAt ?? null) === owner.started_at ? 'running' : 'ended'
}

/** A process of this host, told from later ones with its number. */
export type ProcessMark = Pick<ProcessOwner, 'pid' | 'started_at'>

/** Call it while the process runs. */
export const markProcess = (pid: number): ProcessMark => ({ pid, started_at: processStart(pid) })

export const isOwnedBy = (owner: ProcessOwner, mark: ProcessMark): boolean => {
  const { host, boot_id, pid_namespace } = currentOwner(owner.nonce)
  return (
    owner.host === host &&
    owner.boot_id === boot_id &&
    owner.pid_namespace === pid_namespace &&
    owner.pid === mark.pid &&
    owner.started_at === mark.started_at
  )
}

/** Whether the owner ran before this machine's last start; `changedAtMs`: its last sign of life. A namesake elsewhere gives signs since then. */
export const endedWithMachine = (owner: ProcessOwner, changedAtMs: number): boolean => {
  const current = currentOwner(owner.nonce)
  return (
    owner.host === current.host &&
    owner.boot_id !== null &&
    current.boot_id !== null &&
    owner.boot_id !== current.boot_id &&
    changedAtMs < Date.now() - uptime() * 1000
  )
}

const isProcessAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
