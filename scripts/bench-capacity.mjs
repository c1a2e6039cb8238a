// `npm run bench:capacity`: an analysis with everything about capacity: three metrics a server, hosts in clusters of twenty, projects, drivers, sizes.
// Compared, as ratios, with the fastest plain rewrite of the same file and with its analysis without all that, in turn.
// `--short` takes one model and one year; `--memory-limit 1GB` is that of the analysis; `--out RUN` keeps the run, for `npm run bench:queries -- RUN`.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { measure } from './bench/measure.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '10000' },
    hosts: { type: 'string', default: '400' },
    short: { type: 'boolean', default: false },
    out: { type: 'string' },
    'memory-limit': { type: 'string' },
  },
})
const [servers, hosts] = [Number(values.servers), Number(values.hosts)]
const hostsPerCluster = 20
/** Each metric as intercept and slope on the processor's value, both in percent, and its growth a day. */
const metrics = [
  ['cpu_p95', 0, 1, 0],
  ['mem_used_percent', 30, 0.5, 0],
  ['disk_used_percent', 10, 0.2, 0.03],
]

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-capacity-'))
const path = (/** @type {string} */ name) => join(folder, name)
const name = (/** @type {string} */ kind, /** @type {number} */ number) => `${kind}-${String(number).padStart(3, '0')}`
const clusterOf = (/** @type {number} */ host) => name('cluster', Math.floor(host / hostsPerCluster))

/** The sample's processor as three metrics. */
const writeForecasts = async () => {
  await measure(process.execPath, [
    cliFile,
    'sample',
    '--end',
    '2026-11-22',
    '--servers',
    String(servers),
    '--out',
    path('sample.parquet'),
    '--quiet',
  ])
  const database = await (await DuckDBInstance.create(path('sample.duckdb'))).connect()
  const scaled = (/** @type {string} */ column) =>
    `least(99, start + slope * ${column} + growth * date_diff('day', TIMESTAMP '2025-11-22', timestamp)) AS ${column}`
  await database.run(`
    COPY (
      SELECT * EXCLUDE (start, slope, growth)
        REPLACE (${['actual', 'predicted', 'yhat_lower', 'yhat_upper'].map(scaled).join(', ')})
      FROM (VALUES ${metrics.map(([metric, start, slope, growth]) => `('${metric}', ${start}, ${slope}, ${growth})`).join(', ')})
             m(metric, start, slope, growth),
           read_parquet('${path('sample.parquet')}')
      ${values.short ? "WHERE model = 'prophet' AND timestamp >= TIMESTAMP '2025-11-22'" : ''}
    ) TO '${path('forecasts.parquet')}' (FORMAT parquet)`)
  database.closeSync()
}

const writeTables = async () => {
  const [header, ...rows] = (await readFile(path('sample.servers.csv'), 'utf8')).trim().split('\n')
  const empty = ','.repeat((header ?? '').split(',').length - 1)
  await writeFile(
    path('servers.csv'),
    [
      `${header},cores,mem_gib,disk_gib,host,host_cluster,instance_type`,
      ...Array.from({ length: hosts }, (_, host) => `${name('host', host)}${empty},96,384,6000,,${clusterOf(host)},`),
      ...rows.map((row, index) => `${row},4,16,200,${name('host', index % hosts)},${clusterOf(index % hosts)},m5.xlarge`),
    ].join('\n'),
  )
  await writeFile(
    path('projects.csv'),
    [
      'name,group,metric,units,from,probability,status',
      ...Array.from(
        { length: Math.ceil(hosts / hostsPerCluster) },
        (_, number) =>
          `project ${number},${name('cluster', number)},cpu_p95,50,2026-12-15,${number % 2 === 0 ? '1,committed' : '0.5,planned'}`,
      ),
    ].join('\n'),
  )
  const firstDay = Date.UTC(2025, 10, 22)
  await writeFile(
    path('drivers.csv'),
    [
      'time,driver,value',
      ...Array.from(
        { length: 500 },
        (_, day) => `${new Date(firstDay + day * 86_400_000).toISOString().slice(0, 10)},payments,${1200 + day + 40 * (day % 7)}`,
      ),
    ].join('\n'),
  )
}

try {
  await writeForecasts()
  await writeTables()
  const run = values.out === undefined ? path('run') : resolve(values.out)
  const tables = ['servers', 'projects', 'drivers'].flatMap((table) => [`--${table}`, path(`${table}.csv`)])
  const limit = values['memory-limit'] === undefined ? [] : ['--memory-limit', values['memory-limit']]
  const analyze = (/** @type {string[]} */ tablesOfRun, /** @type {string} */ out) =>
    measure(process.execPath, [cliFile, 'analyze', path('forecasts.parquet'), ...tablesOfRun, '--out', out, '--quiet', ...limit])
  const rewrite = await measure(process.execPath, [
    join(projectFolder, 'test', 'bench', 'plain-rewrite.mjs'),
    path('forecasts.parquet'),
    path('rewritten.parquet'),
    'unordered',
  ])
  await rm(path('rewritten.parquet'))
  const without = await analyze(['--servers', path('sample.servers.csv')], path('run without'))
  await rm(path('run without'), { recursive: true })
  const { seconds, processor, peak } = await analyze(tables, run)
  const { counts, timings } = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'))
  console.log(
    `${servers.toLocaleString('en-US')} servers with ${metrics.length} metrics on ${hosts} hosts, ${counts.rows.toLocaleString('en-US')} rows: ` +
      `${seconds.toFixed(1)} s, ${processor.toFixed(1)} s of the processors, ${Math.round(peak / 1e6)} MB at most`,
  )
  console.log(
    `${(seconds / rewrite.seconds).toFixed(1)} times the fastest plain rewrite (${rewrite.seconds.toFixed(1)} s), ` +
      `${(seconds / without.seconds).toFixed(2)} times the analysis without hosts, projects, drivers and sizes (${without.seconds.toFixed(1)} s, ${Math.round(without.peak / 1e6)} MB)`,
  )
  console.log(`steps: ${timings.map((/** @type {{ step: string, seconds: number }} */ t) => `${t.step} ${t.seconds}`).join(', ')}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
