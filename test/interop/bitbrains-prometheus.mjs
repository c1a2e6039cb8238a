// A real Prometheus whose blocks hold the measurements of Bitbrains, made by promtool; undefined with a message where something is absent.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { freePort } from './free-port.mjs'

export const bitbrains = resolve(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'bitbrains', 'measurements.parquet')
/** Servers of the check: all of them take minutes on a slow machine. */
const servers = 40

/**
 * @typedef {object} RealPrometheus
 * @property {string} url
 * @property {string} measurements the rows that it holds
 * @property {string} until the end of its last hour, in UTC
 * @property {() => Promise<void>} stop
 */

/** `endsNow`: moved to the hours until now. @param {string} folder @param {{ endsNow?: boolean }} [options] @returns {Promise<RealPrometheus | undefined>} */
export async function startBitbrainsPrometheus(folder, { endsNow = false } = {}) {
  for (const program of ['prometheus', 'promtool']) {
    if (spawnSync(program, ['--version']).error !== undefined) {
      console.log(`Skipped: ${program} is not installed (apt-get install prometheus).`)
      return undefined
    }
  }
  if (!existsSync(bitbrains)) {
    console.log(`Skipped: ${bitbrains} is absent.`)
    return undefined
  }
  mkdirSync(folder, { recursive: true })
  const time = endsNow
    ? `"timestamp" + (date_trunc('hour', now()::TIMESTAMP) - (SELECT max("timestamp") FROM read_parquet('${bitbrains}'))) AS "timestamp"`
    : '"timestamp"'
  const measurements = `SELECT server_id, ${time}, metric, actual FROM read_parquet('${bitbrains}')
    WHERE actual IS NOT NULL AND server_id IN (SELECT DISTINCT server_id FROM read_parquet('${bitbrains}') ORDER BY server_id LIMIT ${servers})`
  const blocks = join(folder, 'blocks')
  const until = await writeOpenMetrics(measurements, join(folder, 'bitbrains.om'))
  // Blocks of two hours, as by default, would be a thousand.
  const made = spawnSync(
    'promtool',
    ['tsdb', 'create-blocks-from', '--max-block-duration=2184h', 'openmetrics', join(folder, 'bitbrains.om'), blocks],
    {
      encoding: 'utf8',
    },
  )
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}`)
  const port = await freePort()
  writeFileSync(join(folder, 'prometheus.yml'), 'global: {}\n')
  const server = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${blocks}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const url = `http://127.0.0.1:${port}`
  for (let waited = 0; waited < 300; waited += 1) {
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) break
    await pause(100)
  }
  return {
    url,
    measurements,
    until,
    stop: async () => {
      const ended = new Promise((done) => server.once('exit', done))
      server.kill('SIGTERM')
      await ended
    },
  }
}

/** Returns the end of the last hour. @param {string} measurements @param {string} path @returns {Promise<string>} */
async function writeOpenMetrics(measurements, path) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(
    `SELECT metric, server_id, epoch("timestamp") AS seconds, actual FROM (${measurements}) ORDER BY metric, server_id, seconds`,
  )
  const file = openSync(path, 'w')
  let metric = ''
  let lines = ''
  let last = 0
  for (const [name, server, seconds, value] of reader.getRows()) {
    if (name !== metric) lines += `# TYPE ${String(name)} gauge\n`
    metric = String(name)
    last = Math.max(last, Number(seconds))
    lines += `${metric}{instance="${String(server)}:9100",job="node"} ${String(value)} ${String(seconds)}\n`
    if (lines.length > 1_000_000) {
      writeSync(file, lines)
      lines = ''
    }
  }
  writeSync(file, `${lines}# EOF\n`)
  closeSync(file)
  connection.closeSync()
  return new Date((last + 3600) * 1000).toISOString().replace('.000', '')
}
