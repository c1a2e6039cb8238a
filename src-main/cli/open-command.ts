// headroom open: shows a run folder, forecasts or a link in the window, and starts the window if it is closed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { deepLinkScheme, parseDeepLink } from '../../src-shared/ipc/deep-link.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { say } from './terminal.ts'

/** `builtFolder`: folder of the built entries. */
export const runOpen = async (target: string, builtFolder: string): Promise<void> => {
  const checkedTarget = target.startsWith(`${deepLinkScheme}:`) ? checkedLink(target) : checkedPath(target)
  const { command, args } = findStartCommand(builtFolder)
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  const child = spawn(command, [...args, checkedTarget], { detached: true, stdio: 'ignore', windowsHide: true, env })
  await new Promise<void>((done, fail) => {
    child.once('spawn', done)
    child.once('error', (cause) =>
      fail(new HeadroomError('internal', 'The window could not be started.', { next: 'Start it with npm start.', cause })),
    )
  })
  child.unref()
  say(`Opening ${checkedTarget} in the window.`)
}

const checkedPath = (target: string): string => {
  const path = resolve(target)
  if (existsSync(path)) return path
  throw new HeadroomError('input-not-found', `There is nothing at ${path}.`, {
    next: 'Name a run folder, a Parquet file or a folder of them.',
  })
}

const checkedLink = (target: string): string => {
  const link = parseDeepLink(target)
  if (link === null)
    throw new HeadroomError('usage', `${target} is no link to a run.`, { next: 'Copy a link in the window with Ctrl+Shift+L.' })
  checkedPath(link.path)
  return target
}

/** The packaged app runs this file itself; in a checkout the start script finds the runtime. */
const findStartCommand = (builtFolder: string): { command: string; args: string[] } => {
  if (process.versions['electron'] !== undefined) return { command: process.execPath, args: [] }
  const script = join(builtFolder, '..', '..', 'scripts', 'start.mjs')
  if (!existsSync(script)) throw new HeadroomError('internal', 'This installation has no window.', { next: 'Install the desktop app.' })
  return { command: process.execPath, args: [script] }
}
