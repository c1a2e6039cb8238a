// How soon the engine process gives the first answers about a run, and its highest memory: `node first-answers.mjs RUN` prints JSON.
import { resolve } from 'node:path'
import { startEngine } from './ask-engine.mjs'

const [given] = process.argv.slice(2)
if (given === undefined) throw new Error('node first-answers.mjs RUN')
const folder = resolve(given)
const ask = startEngine()
const opened = await ask('run.open', { folder })
const metric = opened.value.metrics[0].name
const filter = { text: '', business_unit: [], region: [], criticality: [], risk: [], cluster: [], recommendation: [], servers: [] }
const heatmap = { folder, metric, filter, sort: 'risk', reduction: 'max', maxRows: 600, maxColumns: 800, selected: null }
const first = await ask('heatmap.get', { ...heatmap, rows: null, time: null })
const columns = ['server_id', 'horizon_p95', 'risk_level']
const sort = { column: 'horizon_p95', descending: true }
const page = await ask('servers.list', { folder, metric, filter, columns, sort, offset: 0, limit: 100 })
const quarter = Math.ceil(page.value.total / 4)
const zoomed = await ask('heatmap.get', { ...heatmap, rows: { from: quarter, to: Math.min(2 * quarter, page.value.total) }, time: null })
const server = await ask('server.get', { folder, serverId: page.value.rows[0][0] })
const scenario = { folder, scenario: { growth_percent: 15 }, grid: false, max_listed: 50, clientId: 'growth' }
const whatIf = await ask('scenario.evaluate', scenario)
console.log(
  JSON.stringify({
    opened: opened.ms,
    heatmap: first.ms,
    zoom: zoomed.ms,
    server: server.ms,
    'what-if': whatIf.ms,
    peak: process.resourceUsage().maxRSS * 1024,
  }),
)
process.exit(0)
