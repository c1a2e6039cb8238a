// Runs Vitest for some projects of vitest.config.ts and counts its results from its JSON report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modulesFolder, projectFolder } from '../setup/project-folders.mjs'
import { outputEnvironment, runInTerminal } from '../setup/run-command.mjs'
import { countVitest } from './test-summary.mjs'

/** @type {string | undefined} */
let fixtures

/** What the tests of all projects share; it goes with this process. */
function fixturesFolder() {
  if (fixtures !== undefined) return fixtures
  const folder = mkdtempSync(join(tmpdir(), 'headroom-fixtures-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  fixtures = folder
  return folder
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * @param {string} project name of a project in vitest.config.ts
 * @param {{ filters?: readonly string[], env?: NodeJS.ProcessEnv }} [options] filters: files or folders to run
 * @returns {Promise<import('./test-summary.mjs').TestCounts>}
 */
export async function runVitest(project, { filters = [], env = process.env } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'headroom-tests-'))
  const report = join(folder, 'report.json')
  const args = [join(modulesFolder, 'vitest', 'vitest.mjs'), 'run', '--project', project, '--passWithNoTests']
  args.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters)
  try {
    const code = await runInTerminal(process.execPath, args, {
      cwd: projectFolder,
      env: { ...outputEnvironment(env), HEADROOM_TEST_FIXTURES: fixturesFolder() },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return countVitest(readReport(report), code, project)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
