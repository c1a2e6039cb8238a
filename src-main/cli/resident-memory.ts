// Memory that another process holds, seen from outside: from /proc, from `ps`, or not at all.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** As almost every Linux has it. Larger pages make the limit milder. */
const pageBytes = 4096

/** Bytes; 0 where the system does not tell, as on Windows. */
export const residentBytes = async (pid: number): Promise<number> => {
  if (process.platform === 'win32') return 0
  if (process.platform !== 'linux') return residentByPs(pid)
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')
  return Number(text.split(' ')[1] ?? 0) * pageBytes
}

const residentByPs = (pid: number): Promise<number> =>
  new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => resolve(error === null ? Number(stdout.trim()) * 1024 : 0))
  })
