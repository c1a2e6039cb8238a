// Runs other programs: captured for set-up steps, or joined to the terminal for what the user came for.
import { spawn } from 'node:child_process'

/**
 * @typedef {object} CommandOutcome
 * @property {number} code exit code; 127 when the program could not be started, 128 + n after signal n
 * @property {string} stdout
 * @property {string} output stdout and stderr in the order they came
 */

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** @param {number | null} code @param {NodeJS.Signals | null} signal */
function exitCodeOf(code, signal) {
  return code ?? 128 + (signalNumbers[/** @type {keyof typeof signalNumbers} */ (signal)] ?? 0)
}

/**
 * The environment of a program whose output appears in ours: without colours unless that is a terminal.
 * Many programs also colour their output where CI is set.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function outputEnvironment(env = process.env, isTerminal = process.stdout.isTTY) {
  if (isTerminal) return env
  const { FORCE_COLOR: _, ...rest } = env
  return { ...rest, NO_COLOR: '1' }
}

/**
 * Runs a program without input and captures what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { onChild?: (child: import('node:child_process').ChildProcess) => void }} [options]
 * @returns {Promise<CommandOutcome>}
 */
export function capture(command, args, { onChild, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let output = ''
    child.stdout?.on('data', (chunk) => {
      stdout += chunk
      output += chunk
    })
    child.stderr?.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ code: 127, stdout, output: `${output}${error.message}\n` }))
    child.on('close', (code, signal) => resolve({ code: exitCodeOf(code, signal), stdout, output }))
    onChild?.(child)
  })
}

/**
 * Runs a program in the user's terminal. There Ctrl-C reaches it directly, so this process only waits for its end; other
 * signals are passed on.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} exit code
 */
export function runInTerminal(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    const passOn = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    process.on('SIGINT', passOn).on('SIGTERM', passOn).on('SIGHUP', passOn)
    const stopListening = () => process.off('SIGINT', passOn).off('SIGTERM', passOn).off('SIGHUP', passOn)
    child.on('error', (error) => {
      stopListening()
      reject(error)
    })
    child.on('close', (code, signal) => {
      stopListening()
      resolve(exitCodeOf(code, signal))
    })
  })
}

/**
 * How to start npm: the one that started this script if there is one, so that the versions agree.
 * @param {readonly string[]} args
 * @returns {{ command: string, args: string[], options: { shell?: boolean } }}
 */
export function npmCommand(args, env = process.env) {
  const npmScript = env.npm_execpath
  if (npmScript && /npm-cli\.c?js$/.test(npmScript)) {
    return { command: process.execPath, args: [npmScript, ...args], options: {} }
  }
  return { command: 'npm', args: [...args], options: process.platform === 'win32' ? { shell: true } : {} }
}
