// `npm run bench:queries -- RUN`: time of the engine process to open a run folder and to serve each view's query, processor time of the best, and its memory.
import { resolve } from 'node:path'
import { startEngine } from './bench/ask-engine.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'

const rounds = 3
const [given] = process.argv.slice(2)
if (given === undefined) throw new Error('Name a run folder: npm run bench:queries -- RUN')
await installDependencies()
await buildApp()

const ask = startEngine()
const folder = resolve(given)
const opened = await ask('run.open', { folder })
const metric = opened.value.metrics[0].name
const filter = { text: '', business_unit: [], region: [], criticality: [], risk: [], cluster: [], recommendation: [], servers: [] }
const narrow = { ...filter, text: '12', risk: ['high'] }
const heatmap = { folder, metric, sort: 'risk', reduction: 'max', rows: null, time: null, maxRows: 600, maxColumns: 800, selected: null }
const servers = { folder, metric, columns: ['server_id', 'horizon_p95', 'risk_level'], limit: 100 }
const descending = { column: 'horizon_p95', descending: true }
/** Questions about hosts and drivers, where the run has them. @returns {Promise<[name: string, call: string, payload: object][]>} */
const capacityQuestions = async () => {
  const { value: view } = await ask('capacity.get', { folder })
  const host = view.report?.hosts.find((/** @type {{ cluster: string | null }} */ { cluster }) => cluster !== null)
  const driver = view.report?.drivers[0]
  const project = { name: 'one more', metric: '', units: 10, from: '', group: host?.cluster }
  const group = view.report?.groups.find((/** @type {any} */ { kind, group: name }) => kind === 'cluster' && name === host?.cluster)
  const scenarios = {
    ...(host === undefined
      ? {}
      : {
          'lost host': { lost_hosts: [host.name] },
          'removed host': { removed_hosts: [host.name] },
          'added host': { added_hosts: [{ cluster: host.cluster, count: 1 }] },
        }),
    ...(group === undefined
      ? {}
      : { project: { projects: [{ ...project, metric: group.metric, from: view.report.horizon_end.slice(0, 10) }] } }),
    ...(driver === undefined ? {} : { driver: { driver_changes: [{ driver: driver.driver, percent: 30 }] } }),
  }
  return Object.entries(scenarios).map(([name, scenario]) => [
    `what-if, ${name}`,
    'scenario.evaluate',
    { folder, scenario, grid: false, max_listed: 50, clientId: name },
  ])
}
const box = [
  [10, 0],
  [40, 0],
  [40, 1],
  [10, 1],
]
const { value: page } = await ask('servers.list', { ...servers, filter, sort: descending, offset: 0 })
/** @type {readonly (readonly [name: string, call: string, payload: object])[]} */
const asked = [
  ['filter choices', 'filter-choices.get', { folder }],
  ['overview', 'fleet.get', { folder, metric, filter, groupBy: 'region' }],
  ['overview, filtered', 'fleet.get', { folder, metric, filter: narrow, groupBy: 'region' }],
  ['servers, first page', 'servers.list', { ...servers, filter, sort: descending, offset: 0 }],
  ['servers, page in the middle', 'servers.list', { ...servers, filter, sort: descending, offset: Math.floor(page.total / 2) }],
  ['servers, filtered by text', 'servers.list', { ...servers, filter: narrow, sort: descending, offset: 0 }],
  ['one server', 'server.get', { folder, serverId: page.rows[0][0] }],
  ['heatmap', 'heatmap.get', { ...heatmap, filter }],
  ['heatmap, filtered', 'heatmap.get', { ...heatmap, filter: narrow }],
  ['clusters', 'clusters.get', { folder, metric, filter, projection: 'spread' }],
  ['clusters, components', 'clusters.get', { folder, metric, filter, projection: 'components' }],
  ['servers in a box', 'clusters.select', { folder, metric, filter, projection: 'spread', area: box }],
  ['cluster profiles', 'cluster-profiles.get', { folder }],
  ['seasons', 'season.get', { folder, metric, filter }],
  ['models', 'models.list', { folder }],
  ['recommendations', 'recommendations.list', { folder, metric, filter, verdict: 'open', offset: 0, limit: 100 }],
  ['hosts', 'packing.list', { folder, metric, filter, offset: 0, limit: 100 }],
  ['events', 'events.list', { folder }],
  ['capacity', 'capacity.get', { folder }],
  ['what-if, fleet read in', 'scenario-choices.get', { folder }],
  ['what-if, growth', 'scenario.evaluate', { folder, scenario: { growth_percent: 15 }, grid: false, max_listed: 50, clientId: 'growth' }],
]
console.log(
  `${page.total.toLocaleString('en-US')} servers of ${metric}; opened in ${opened.ms.toFixed(0)} ms; first response / best of ${rounds - 1} more, milliseconds; the same of the processors; size of the response`,
)
/** @param {typeof asked} questions */
const time = async (questions) => {
  for (const [name, call, payload] of questions) {
    const taken = []
    const processor = []
    let bytes = 0
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage()
      const { ms, value } = await ask(call, payload)
      const { user, system } = process.cpuUsage(before)
      taken.push(ms)
      processor.push((user + system) / 1000)
      bytes = JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? part.byteLength : part)).length
    }
    const [first, ...more] = taken
    console.log(
      `  ${name.padEnd(28)}${first?.toFixed(0).padStart(7)} / ${Math.min(...more)
        .toFixed(0)
        .padStart(6)}${processor[0]?.toFixed(0).padStart(8)} / ${Math.min(...processor.slice(1))
        .toFixed(0)
        .padStart(6)}${(bytes / 1e3).toFixed(0).padStart(9)} kB`,
    )
  }
}
await time(asked)
await time(await capacityQuestions())
console.log(`  memory of this process at most ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`)
process.exit(0)
