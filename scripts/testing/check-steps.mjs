// Runs the steps of `npm run check` side by side, each counted as one test.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'
import { capture, npmCommand, outputEnvironment } from '../setup/run-command.mjs'
import { oneFailed, onePassed } from './test-summary.mjs'

/** The npm scripts that a script like "npm run -s a && npm run -s b" runs. @param {string} script */
export function stepsOf(script) {
  return [...script.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map((match) => match[1] ?? '')
}

// TypeScript and the linter are Go programs of a few seconds: collecting garbage less often takes a quarter of their time off. The two share
// the processors, since each of their threads learns most types by itself.
const goSettings = { GOGC: '400', GOMEMLIMIT: '3GiB', GOMAXPROCS: String(Math.ceil(availableParallelism() / 2)) }

/** @param {string} step */
async function runStep(step) {
  const npm = npmCommand(['run', '-s', step])
  const started = Date.now()
  const { code, output } = await capture(npm.command, npm.args, {
    ...npm.options,
    cwd: projectFolder,
    env: { ...outputEnvironment(), ...goSettings },
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${code === 0 ? ' ✓' : ' ✗'} ${step} (${seconds} s)${code === 0 ? '' : `\n${output.trimEnd()}\n`}`)
  return code === 0 ? onePassed : oneFailed(`${step}: npm run ${step} shows the errors`)
}

/** @returns {Promise<import('./test-summary.mjs').TestCounts[]>} one per step */
export async function runCheckSteps() {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
  const steps = stepsOf(scripts.check)
  return Promise.all(steps.map(runStep))
}
