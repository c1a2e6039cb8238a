// `npm start` without a display: analyses a sample fleet, or the user's file, in the terminal.
import { existsSync, mkdirSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { cliFile, dataFolder } from './project-folders.mjs'
import { runInTerminal } from './run-command.mjs'
import { printLine } from './setup-error.mjs'

/**
 * A run name that is still free: the plain one, or with the time of day behind it.
 * @param {string} name
 * @param {(name: string) => boolean} isTaken
 */
export function freeRunName(name, isTaken, now = new Date()) {
  if (!isTaken(name)) return name
  const stamped = `${name}-${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`
  let candidate = stamped
  for (let count = 2; isTaken(candidate); count += 1) candidate = `${stamped}-${count}`
  return candidate
}

/** @param {readonly string[]} args @param {string} folder @returns {Promise<number>} exit code */
const runCli = (args, folder) => runInTerminal(process.execPath, [cliFile, ...args], { cwd: folder })

/** @param {string} run */
function printNextSteps(run) {
  printLine(`
Run folder: ${run}
  Its report and tables are plain files: open them from there.
  All commands:          npm run -s headroom -- --help
  Your own forecasts:    npm run -s headroom -- analyze FORECASTS.parquet --out FOLDER
  In the window:         npm start -- ${run}   (on a machine with a display)`)
}

/**
 * @param {readonly string[]} args the user's: none for the sample, a file to analyse, or whatever the command line takes
 * @param {string} folder that relative paths start from
 * @returns {Promise<number>} exit code
 */
export async function runInsteadOfWindow(args, folder) {
  const [file, ...options] = args
  if (file !== undefined && !/\.(parquet|csv)$/i.test(file)) return runCli(args, folder)
  const runs = join(dataFolder(), 'runs')
  const samples = join(dataFolder(), 'samples')
  mkdirSync(runs, { recursive: true })
  mkdirSync(samples, { recursive: true })
  const name = freeRunName(file === undefined ? 'sample' : basename(file, extname(file)), (candidate) => existsSync(join(runs, candidate)))
  const run = join(runs, name)
  if (file !== undefined) {
    printLine('No display here, so the analysis runs in the terminal.')
    const code = await runCli(['analyze', file, ...options, '--out', run], folder)
    if (code === 0) printNextSteps(run)
    return code
  }
  printLine('No display here, so a sample fleet of 120 servers is analysed in the terminal.')
  const sample = join(samples, `${name}.parquet`)
  const sampled = await runCli(['sample', '--servers', '120', '--out', sample], folder)
  if (sampled !== 0) return sampled
  const servers = join(samples, `${name}.servers.csv`)
  const code = await runCli(['analyze', sample, '--servers', servers, '--out', run], folder)
  if (code === 0) printNextSteps(run)
  return code
}
