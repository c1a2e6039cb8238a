// Collects from a real Prometheus and compares every value with the measurements that its blocks were made of. Part of `npm run interop`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { startBitbrainsPrometheus } from './bitbrains-prometheus.mjs'
import { expectThat } from './expectations.mjs'

const cliFile = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
const folder = mkdtempSync(join(tmpdir(), 'headroom-prometheus-'))

const prometheus = await startBitbrainsPrometheus(join(folder, 'prometheus'))
if (prometheus !== undefined) {
  try {
    /** @param {string[]} args */
    const collect = (...args) =>
      spawnSync(process.execPath, [cliFile, 'collect', 'prometheus', '--url', prometheus.url, ...args], { encoding: 'utf8', cwd: folder })
    const queries = ['--query', 'cpu_p95=cpu_p95', '--query', 'mem_p95=mem_p95']
    const end = ['--days', '120', '--until', prometheus.until]
    const collected = collect(...queries, ...end, '--out', 'bitbrains.parquet', '--run', 'run')
    expectThat('collect and run', collected.status === 0 && collected.stdout.includes('at risk'), collected.stderr)

    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const differences = await connection.runAndReadAll(
      `SELECT count(*) AS rows, count_if(a.actual IS DISTINCT FROM b.actual) AS different
       FROM (${prometheus.measurements}) a FULL JOIN read_parquet('${join(folder, 'bitbrains.parquet')}') b USING (server_id, metric, "timestamp")`,
    )
    const [rows = 0, different] = (differences.getRows()[0] ?? []).map(Number)
    expectThat(`each of ${String(rows)} values as it was put in`, rows > 10_000 && different === 0, `${String(different)} differ`)

    const extended = collect(...queries, '--until', prometheus.until, '--out', 'bitbrains.parquet', '--extend')
    expectThat('an extension', extended.status === 0, extended.stderr)
    const bad = collect('--query', 'cpu_p95=cpu cpu', ...end, '--out', 'bad.parquet')
    expectThat('a bad query', bad.status === 4 && /refuses the query of cpu_p95: .*parse error/.test(bad.stderr), bad.stderr)
    const standard = collect(...end, '--out', 'standard.parquet')
    expectThat(
      'the standard queries are valid PromQL',
      standard.status === 3 && standard.stderr.includes('holds no series'),
      standard.stderr,
    )

    // What the double of `npm test` checks is what Prometheus checks.
    /** @param {Record<string, string>} form */
    const ask = async (form) => {
      const response = await fetch(`${prometheus.url}/api/v1/query_range`, { method: 'POST', body: new URLSearchParams(form) })
      const { errorType, error } = /** @type {{ errorType?: string, error?: string }} */ (await response.json())
      return `${response.status} ${errorType ?? ''} ${error ?? ''}`
    }
    const range = { query: 'cpu_p95', start: '0', end: String(11_001 * 3600), step: '3600' }
    for (const [what, form, expected] of /** @type {const} */ ([
      [
        'too many points',
        range,
        '400 bad_data exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      ],
      ['11,001 points', { ...range, end: String(11_000 * 3600) }, '200  '],
      [
        'no step',
        { ...range, step: '0' },
        '400 bad_data invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
      ],
      [
        'an end before the start',
        { ...range, start: '7200', end: '3600' },
        '400 bad_data invalid parameter "end": end timestamp must not be before start time',
      ],
    ])) {
      const answer = await ask(form)
      expectThat(`Prometheus: ${what}`, answer === expected, answer)
    }
  } finally {
    await prometheus.stop()
  }
}
rmSync(folder, { recursive: true, force: true })
