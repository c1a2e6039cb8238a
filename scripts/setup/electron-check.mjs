// Whether an Electron binary can run on this machine, and the reason if it cannot.
import { existsSync } from 'node:fs'
import { capture } from './run-command.mjs'

/** Shared libraries that the dynamic linker does not find. @param {string} lddOutput */
export function missingLibraries(lddOutput) {
  return [...lddOutput.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '')
}

/** @param {string} binary @returns {Promise<string[]>} names such as "libnss3.so"; empty off Linux */
export async function findMissingLibraries(binary) {
  if (process.platform !== 'linux') return []
  const { output } = await capture('ldd', [binary])
  return missingLibraries(output)
}

/**
 * Starts the binary as plain Node, which needs no display and no sandbox, and returns the Electron version it reports.
 * @param {string} binary
 * @returns {Promise<string | undefined>} undefined when it does not run
 */
export async function electronVersionOf(binary) {
  if (!existsSync(binary)) return undefined
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' }
  const { code, stdout } = await capture(binary, ['-p', 'process.versions.electron'], { env, timeout: 30_000 })
  return code === 0 && /^\d+\./.test(stdout) ? stdout.trim() : undefined
}
