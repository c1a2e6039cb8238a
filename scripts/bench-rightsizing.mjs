// `npm run bench:rightsizing`: how often rightsized servers exceed their new size in what came after the horizon, next to what each plan promises.
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
/** Share of the values above the limit of a new size: the rule takes the 99.5 % quantile. */
const promised = 0.005
const limit = 80
const vcpus = 8

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-rightsizing-'))
const database = await (await DuckDBInstance.create()).connect()
const catalogue = join(folder, 'catalogue.csv')
writeFileSync(
  catalogue,
  `type,vcpu,mem_gib,monthly_usd\n${Array.from({ length: vcpus }, (_, index) => `size-${index + 1},${index + 1},64,${50 * (index + 1)}`).join('\n')}\n`,
)

/** Servers of eight vCPUs, each a group by itself, so that none is consolidated. @param {string} forecasts */
const writeServers = async (forecasts) => {
  const rows = await rowsOf(database, `SELECT DISTINCT server_id FROM read_parquet('${forecasts}') ORDER BY server_id`)
  const path = join(folder, 'servers.csv')
  writeFileSync(
    path,
    `server_id,business_unit,cores,instance_type\n${rows.map(({ server_id: id }) => `${id},${id},${vcpus},size-${vcpus}`).join('\n')}\n`,
  )
  return path
}

let runs = 0
/** @param {import('./bench/known-fleets.mjs').KnownFleet} fleet */
const rightsize = async ({ forecasts, truth }) => {
  const run = join(folder, `run-${runs++}`)
  const tables = ['--servers', await writeServers(forecasts), '--catalogue', catalogue]
  execFileSync(process.execPath, [cliFile, 'analyze', forecasts, ...tables, '--out', run, '--quiet'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { rightsizing } = JSON.parse(readFileSync(join(run, 'capacity.json'), 'utf8'))
  const used = rightsizing.servers.map((/** @type {{ server_id: string, vcpu: number }} */ { server_id: id, vcpu }) =>
    (truth.get(id) ?? []).map((value) => (value * vcpus) / vcpu),
  )
  return {
    verdict: rightsizing.check?.verdict ?? 'no server',
    servers: used.length,
    used: used.flat(),
    full: used.filter((values) => values.some((value) => value > 100)).length,
  }
}

try {
  for await (const { name, fleets } of knownFleets({ data: values.data, folder, database })) {
    const found = []
    for (const fleet of fleets) found.push(await rightsize(fleet))
    for (const verdict of new Set(found.map((fleet) => fleet.verdict))) {
      const own = found.filter((fleet) => fleet.verdict === verdict)
      const used = own.flatMap((fleet) => fleet.used)
      const above = used.filter((value) => value > limit).length
      const servers = own.reduce((sum, fleet) => sum + fleet.servers, 0)
      const full = own.reduce((sum, fleet) => sum + fleet.full, 0)
      const isWithin = above <= 2 * promised * used.length
      console.log(
        `${name}, ${own.length} of ${found.length} plans say "${verdict}": ${servers} servers rightsized; ` +
          `above ${limit} % of the new size: ${above} of ${used.length} values (${((100 * above) / Math.max(1, used.length)).toFixed(2)} %), ` +
          `${isWithin ? 'within' : 'NOT within'} twice the ${100 * promised} % promised; ${full} servers above 100 % at some time`,
      )
    }
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
