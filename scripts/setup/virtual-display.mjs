// A virtual display for machines without one: Xvfb on a free display number while a task runs.
import { spawn } from 'node:child_process'
import { SetupError } from './setup-error.mjs'

export const displayServer = 'Xvfb'

/** Whether windows have nowhere to open. */
export function lacksDisplay(env = process.env, platform = process.platform) {
  return platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY
}

/** @returns {Promise<{ display: string, stop: () => void }>} */
function startVirtualDisplay() {
  return new Promise((resolve, reject) => {
    const args = ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp']
    const server = spawn(displayServer, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
    const stop = () => server.kill()
    process.once('exit', stop)
    let complaint = ''
    server.stderr?.on('data', (chunk) => (complaint += chunk))
    server.on('error', (error) => reject(new SetupError(`Xvfb did not start: ${error.message}.`)))
    server.on('close', () => {
      process.off('exit', stop)
      reject(new SetupError(`${complaint.trimEnd()}\nXvfb did not start.`))
    })
    let number = ''
    server.stdio[3]?.on('data', (/** @type {Buffer} */ chunk) => {
      number += chunk
      if (number.endsWith('\n')) resolve({ display: `:${number.trim()}`, stop })
    })
  })
}

/**
 * Runs a task with a display: the user's, or a virtual one that ends with the task.
 * @template T
 * @param {(env: NodeJS.ProcessEnv) => Promise<T>} task gets the environment to start windows with
 * @returns {Promise<T>}
 */
export async function withDisplay(task) {
  if (!lacksDisplay()) return task(process.env)
  const { display, stop } = await startVirtualDisplay()
  try {
    return await task({ ...process.env, DISPLAY: display })
  } finally {
    stop()
  }
}
