// `npm run bench:hosts`: hosts above the capacity target in what came after the horizon, with the members of made-up clusters where the plan places
// them, next to what each plan promises. Members start on hosts, or without one, which fills each host as far as the plan allows.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { knownFleets, rowsOf } from './bench/known-fleets.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const { values } = parseArgs({ options: { data: { type: 'string', default: join(projectFolder, '..', 'shared', 'data') } } })
const risk = 0.05
const membersPerHost = 5
const hostsPerCluster = 20
/** Cores of the members, in turn. */
const sizes = [2, 4, 8]

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-hosts-'))
const database = await (await DuckDBInstance.create()).connect()

/** @typedef {{ readonly name: string, readonly cores: number, readonly cluster: string, readonly host: string }} Member */

/** Five members a host, twenty hosts a cluster. A host holds the measured peaks of five members. @param {string} forecasts */
const makeClusters = async (forecasts) => {
  const rows = await rowsOf(
    database,
    `SELECT server_id, max(actual) AS peak FROM read_parquet('${forecasts}') GROUP BY server_id ORDER BY server_id`,
  )
  const members = rows.map(({ server_id: name }, index) => {
    const number = Math.floor(index / membersPerHost)
    const cluster = `cluster ${Math.floor(number / hostsPerCluster) + 1}`
    return { name, cores: sizes[index % sizes.length] ?? 1, cluster, host: `host ${String(number + 1).padStart(4, '0')}` }
  })
  const peaks = rows.reduce((sum, { peak }, index) => sum + (peak / 100) * (members[index]?.cores ?? 0), 0)
  return { members, hostCores: Math.ceil((peaks / rows.length) * membersPerHost) }
}

let runs = 0
/** @param {import('./bench/known-fleets.mjs').KnownFleet} fleet @param {boolean} isOnHosts */
const placeMembers = async ({ forecasts, truth }, isOnHosts) => {
  const { members, hostCores } = await makeClusters(forecasts)
  const hosts = new Map(members.map(({ host, cluster }) => [host, cluster]))
  const table = join(folder, 'servers.csv')
  writeFileSync(
    table,
    [
      'server_id,host,host_cluster,cores',
      ...[...hosts].map(([host, cluster]) => `${host},,${cluster},${hostCores}`),
      ...members.map(({ name, host, cluster, cores }) => `${name},${isOnHosts ? host : ''},${cluster},${cores}`),
    ].join('\n'),
  )
  const run = join(folder, `run-${runs++}`)
  execFileSync(process.execPath, [cliFile, 'analyze', forecasts, '--servers', table, '--out', run, '--quiet'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const report = JSON.parse(readFileSync(join(run, 'capacity.json'), 'utf8'))
  const moves = new Map(
    report.placements.flatMap((/** @type {any} */ placement) =>
      placement.moves.map((/** @type {any} */ move) => [
        move.server_id,
        move.to ?? (move.added_host === null ? null : `new ${move.added_host}`),
      ]),
    ),
  )
  const limit = (hostCores * report.capacity_target) / 100
  /** @type {Map<string, number[]>} */ const sums = new Map()
  // Nobody knows what a silent server will need.
  const known = new Set(
    (await rowsOf(database, `SELECT DISTINCT server_id FROM '${run}/server_risk.parquet' WHERE NOT is_silent`)).map(
      (row) => row['server_id'],
    ),
  )
  for (const { name, cores, host, cluster } of members) {
    if (!known.has(name)) continue
    const place = moves.has(name) ? moves.get(name) : host
    if (place === null) continue
    const key = `${cluster} ${place}`
    const sum = sums.get(key) ?? []
    sums.set(key, sum)
    truth.get(name)?.forEach((value, time) => (sum[time] = (sum[time] ?? 0) + (Math.max(0, value) / 100) * cores))
  }
  const highest = [...sums.values()].map((sum) => Math.max(...sum))
  return {
    verdict: report.placement_check?.verdict ?? 'no cluster',
    accepted: report.placement_check?.accepted_share,
    hosts: highest.length,
    moved: moves.size,
    above: highest.filter((demand) => demand > limit * (1 + 1e-9)).length,
    full: highest.filter((demand) => demand > hostCores * (1 + 1e-9)).length,
    target: report.capacity_target,
  }
}

try {
  for await (const { name, fleets } of knownFleets({ data: values.data, folder, database })) {
    for (const isOnHosts of [true, false]) {
      const found = []
      for (const fleet of fleets) found.push(await placeMembers(fleet, isOnHosts))
      for (const verdict of new Set(found.map((fleet) => fleet.verdict))) {
        const own = found.filter((fleet) => fleet.verdict === verdict)
        const total = (/** @type {'hosts' | 'above' | 'full' | 'moved'} */ count) => own.reduce((sum, fleet) => sum + fleet[count], 0)
        const [hosts, above] = [total('hosts'), total('above')]
        console.log(
          `${name}, ${isOnHosts ? 'members on hosts' : 'members without hosts'}, ${own.length} of ${found.length} plans say "${verdict}" ` +
            `(accepted ${own.map(({ accepted }) => accepted?.toFixed(3)).join(', ')}): ${total('moved')} members placed elsewhere, ${hosts} hosts; ` +
            `above ${own[0]?.target} %: ${above} (${((100 * above) / Math.max(1, hosts)).toFixed(1)} %), ` +
            `${above <= 2 * risk * hosts ? 'within' : 'NOT within'} twice the ${100 * risk} % promised; ${total('full')} above 100 %`,
        )
      }
    }
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
