// Compares a cloud run with local PySpark on the simulated account to a local run of the same forecasts.
// `node spark.mjs [FORECASTS [SERVERS]]`. Reports a missing PySpark or Java. HEADROOM_PYTHON names a Python.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { buildApp } from '../../scripts/setup/build.mjs'
import { cliFile, projectFolder } from '../../scripts/setup/project-folders.mjs'
import { capture } from '../../scripts/setup/run-command.mjs'
import { serveSandboxAccount } from '../../scripts/setup/sandbox-account.mjs'
import { differencesOfRuns } from './same-run.mjs'

const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const planetlab = process.env['HEADROOM_PLANETLAB'] ?? join(projectFolder, '..', 'shared', 'data', 'planetlab', 'forecasts.parquet')

const canRun = () => {
  if (spawnSync('java', ['-version'], { stdio: 'ignore' }).status !== 0) return 'Java is not installed (apt install default-jre-headless)'
  const { status } = spawnSync(python, ['-c', 'import pyspark'], { stdio: 'ignore' })
  return status === 0 ? null : `${python} has no PySpark (pip install pyspark==3.5.6; HEADROOM_PYTHON names another Python)`
}

/** @param {string[]} args @param {Record<string, string>} [env] */
const headroom = async (args, env = {}) => {
  const startedAt = performance.now()
  const { code, output } = await capture(process.execPath, [cliFile, ...args], { env: { ...process.env, ...env } })
  if (code !== 0) throw new Error(`headroom ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`)
  return { output, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) }
}

/** `isInBucket`: the plan is made from ranges of the object, not from the local file. `shards`: processes that complete the run. */
const compareSet = async (
  /** @type {string} */ folder,
  /** @type {string} */ name,
  /** @type {string} */ set,
  /** @type {string[]} */ own,
  /** @type {boolean} */ isInBucket,
  /** @type {number} */ shards,
) => {
  const [run, home] = [join(folder, `${name}-run`), join(folder, `${name}-home`)]
  await headroom(['analyze', set, ...own, '--out', run, '--quiet'])
  const account = await serveSandboxAccount(isInBucket ? set : undefined)
  try {
    const settings = ['--bucket', account.bucket, '--role', account.roleArn, '--cost-limit', '100', '--engine', 'spark', '--instances', '2']
    if (shards > 1) settings.push('--shards', String(shards))
    const { output, seconds } = await headroom(
      ['cloud', 'launch', isInBucket ? account.input : set, ...own, ...settings, '--wait', '--download', home],
      { ...account.environment, HEADROOM_HOME: join(folder, `${name}-headroom`), HEADROOM_POLL_MS: '500' },
    )
    const differences = await differencesOfRuns(run, home)
    for (const difference of differences) console.log(`DIFFERENT: ${difference}`)
    const jobs = output.split('\n').filter((line) => line.startsWith('Job Completed'))
    console.log(
      `${name}, completed in ${shards} ${shards === 1 ? 'process' : 'processes'}: the cloud run took ${seconds} s (${jobs.join(', ')}); its run is ${differences.length === 0 ? 'the same' : 'ANOTHER'}`,
    )
    return differences.length === 0 && jobs.length === 2 ? 0 : 1
  } finally {
    await account.stop()
  }
}

/** Forecasts as pipelines write them: files in folders, times in nanoseconds, and other files next to them. */
const cutUp = async (/** @type {string} */ fleet) => {
  const folder = fleet.replace(/\.parquet$/, '')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const part of [0, 1]) {
    await mkdir(join(folder, `week-${part}`), { recursive: true })
    await connection.run(`
      COPY (SELECT * REPLACE (CAST("timestamp" AS TIMESTAMP_NS) AS "timestamp") FROM '${fleet}' WHERE hash(server_id) % 2 = ${part})
      TO '${join(folder, `week-${part}`, 'part.parquet')}' (FORMAT parquet)`)
  }
  connection.closeSync()
  instance.closeSync()
  await writeFile(join(folder, 'notes.txt'), 'not a forecast')
  return folder
}

const obstacle = canRun()
if (obstacle !== null) console.log(`skipped: Spark (${obstacle})`)
else {
  await buildApp()
  const folder = await mkdtemp(join(tmpdir(), 'headroom-spark-'))
  try {
    let failed = 0
    const [given, table] = process.argv.slice(2)
    if (given !== undefined)
      failed += await compareSet(folder, 'set', resolve(given), table === undefined ? [] : ['--servers', table], false, 3)
    else {
      const fleet = join(folder, 'sample.parquet')
      await headroom(['sample', '--end', '2026-11-22', '--servers', '1000', '--out', fleet, '--quiet'])
      const table = ['--servers', fleet.replace(/\.parquet$/, '.servers.csv')]
      failed += await compareSet(folder, 'sample', await cutUp(fleet), table, false, 3)
      if (existsSync(planetlab)) failed += await compareSet(folder, 'planetlab', planetlab, [], true, 1)
      else console.log('skipped: planetlab (its data are not here; HEADROOM_PLANETLAB names them)')
    }
    process.exitCode = failed === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
