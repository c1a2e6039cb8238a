// Which module may import which, and which packages; `npm run docs:architecture` prints the table into docs/ARCHITECTURE.md.

/**
 * @typedef {object} Module
 * @property {string} path a folder with all below it, a file, or `folder/*` for the files directly in a folder; the longest match counts
 * @property {string} holds
 * @property {readonly string[]} imports names of modules; a module may always import itself
 * @property {readonly string[]} packages `node` means every module of Node, `@scope/*` a whole scope
 * @property {readonly string[]} [types] packages of which only types are imported
 */

const views = {
  imports: ['renderer/state', 'renderer/charts', 'renderer/components', 'renderer/theme', 'shared'],
  packages: ['react', 'lucide-react'],
}

/** @type {Readonly<Record<string, Module>>} */
export const modules = {
  shared: {
    path: 'src-shared',
    holds: 'the vocabulary: configuration, manifest, events, errors, artefacts, IPC contracts, chart options',
    imports: [],
    packages: ['zod'],
    types: ['echarts'],
  },

  database: {
    path: 'src-main/database',
    holds: 'the interface to DuckDB: bounded, interruptible, results checked',
    imports: ['shared'],
    packages: ['node', 'zod', '@duckdb/node-api'],
  },
  parquet: { path: 'src-main/parquet', holds: 'pages and footers of Parquet files', imports: ['shared'], packages: ['node'] },
  'run-folder': {
    path: 'src-main/run-folder',
    holds: 'writes runs completely or not at all; reads and verifies them',
    imports: ['threads', 'shared'],
    packages: ['node', 'zod'],
  },
  statistics: {
    path: 'src-main/statistics',
    holds: 'arithmetic without input or output',
    imports: ['shared'],
    packages: ['ml-kmeans', 'ml-random', 'pure-rand'],
  },
  threads: { path: 'src-main/threads', holds: 'worker threads and the memory that they share', imports: ['shared'], packages: ['node'] },
  calendar: {
    path: 'src-main/calendar',
    holds: 'days, quarters, holidays, time zones',
    imports: ['shared'],
    packages: ['date-holidays'],
  },
  // The range of the values determines the whole steps in which they are summed.
  forecasts: {
    path: 'src-main/forecasts',
    holds: 'how forecasts and measurements are read',
    imports: ['statistics', 'database', 'parquet', 'calendar', 'shared'],
    packages: ['node', 'zod', 'csv-parse', 'fflate', 'sax'],
  },
  sample: { path: 'src-main/sample', holds: 'the sample fleet', imports: ['calendar', 'database', 'shared'], packages: ['node', 'zod'] },
  config: {
    path: 'src-main/config',
    holds: 'configuration files: read, checked, explained',
    imports: ['shared'],
    packages: ['node', 'zod', 'yaml'],
  },
  forecasting: {
    path: 'src-main/forecasting',
    holds: 'own forecasts: a file per model, rolling origins',
    imports: ['forecasts', 'statistics', 'calendar', 'threads', 'database', 'shared'],
    packages: ['node', 'zod', '@bsull/augurs'],
  },

  engine: {
    path: 'src-main/engine',
    holds: 'forecasts in, run folder out: a folder per stage',
    imports: [
      'engine/methods',
      'config',
      'forecasting',
      'forecasts',
      'statistics',
      'calendar',
      'threads',
      'run-folder',
      'parquet',
      'database',
      'shared',
    ],
    packages: ['node', 'zod', 'pure-rand', '@duckdb/node-api', 'echarts', 'zrender', '@resvg/resvg-js', 'fast-png'],
  },
  'engine/methods': {
    path: 'src-main/engine/methods',
    holds: 'what Headroom and Module 05 compute differently',
    imports: ['engine', 'forecasts', 'statistics', 'calendar', 'database', 'shared'],
    packages: ['node', 'zod'],
  },

  notes: {
    path: 'src-main/notes',
    holds: 'what a planner adds to a run: decisions, scenarios, events',
    imports: ['engine/methods', 'forecasts', 'statistics', 'calendar', 'run-folder', 'database', 'shared'],
    packages: ['node', 'zod'],
  },
  // Recommendations are shown with the planner's decisions: the query reads both.
  queries: {
    path: 'src-main/queries',
    holds: 'run folder in, data of a view out',
    imports: ['engine/methods', 'notes', 'forecasts', 'statistics', 'calendar', 'run-folder', 'parquet', 'database', 'shared'],
    packages: ['node', 'zod', '@duckdb/node-api'],
  },
  report: {
    path: 'src-main/report',
    holds: 'a run as table, workbook, web page, PDF; a history as pack',
    imports: ['queries', 'notes', 'run-folder', 'database', 'shared'],
    packages: ['node', 'zod', 'pdfkit', 'pptxgenjs', 'fflate', 'write-excel-file', 'fast-png'],
  },
  cloud: {
    path: 'src-main/cloud',
    holds: 'runs on SageMaker: account, preflight, storage, jobs, download',
    imports: ['cloud/account', 'forecasts', 'parquet', 'run-folder', 'shared'],
    packages: ['node', 'zod', '@aws-sdk/*', '@smithy/*', 'https-proxy-agent', 'proxy-from-env'],
  },
  'cloud/account': {
    path: 'src-main/cloud/account',
    holds: 'credentials, proxies, certificates and errors of AWS',
    imports: ['run-folder', 'shared'],
    packages: ['node', 'zod', '@aws-sdk/*', '@smithy/*', 'https-proxy-agent', 'proxy-from-env'],
  },
  sources: {
    path: 'src-main/sources',
    holds: 'measurements out of CloudWatch and Prometheus',
    imports: ['forecasts', 'cloud/account', 'parquet', 'run-folder', 'database', 'shared'],
    packages: ['node', 'zod', '@aws-sdk/*'],
  },

  cycle: {
    path: 'src-main/cycle',
    holds: 'a plan that runs by itself: analyse, judge gates, write and send, keep',
    imports: ['config', 'engine', 'queries', 'notes', 'report', 'forecasts', 'cloud/account', 'run-folder', 'database', 'shared'],
    packages: ['node', 'zod', 'nodemailer', 'csv-parse'],
  },

  cli: {
    path: 'src-main/cli',
    holds: 'one file per command',
    imports: [
      'config',
      'cycle',
      'engine',
      'engine/methods',
      'queries',
      'notes',
      'report',
      'sample',
      'cloud',
      'cloud/account',
      'sources',
      'forecasting',
      'forecasts',
      'statistics',
      'calendar',
      'run-folder',
      'parquet',
      'database',
      'shared',
    ],
    packages: ['node', 'zod', 'commander', 'cli-progress'],
  },
  ipc: { path: 'src-main/ipc', holds: 'how every process parses and serves a request', imports: ['shared'], packages: ['node'] },
  'engine-host': {
    path: 'src-main/engine-host',
    holds: 'utility process of the window: analyses and queries',
    imports: [
      'ipc',
      'config',
      'engine',
      'queries',
      'notes',
      'report',
      'sample',
      'sources',
      'forecasts',
      'run-folder',
      'database',
      'shared',
    ],
    packages: ['node', 'zod'],
  },
  'query-host': {
    path: 'src-main/query-host',
    holds: 'utility process of the window: the user’s SQL',
    imports: ['ipc', 'queries', 'report', 'run-folder', 'shared'],
    packages: ['node', 'zod'],
  },
  shell: {
    path: 'src-main/shell',
    holds: 'main process of the window: the only module with Electron, besides its two entries',
    imports: ['ipc', 'cloud', 'cloud/account', 'sources', 'config', 'run-folder', 'shared'],
    packages: ['node', 'zod', 'electron'],
  },
  index: {
    path: 'src-main/index.ts',
    holds: 'Electron’s entry: wiring only',
    imports: ['shell', 'shared'],
    packages: ['node', 'electron'],
  },
  preload: { path: 'src-main/preload.ts', holds: 'the bridge into the renderer: no logic', imports: ['shared'], packages: ['electron'] },

  'renderer/ipc': { path: 'src-renderer/ipc', holds: 'the only files that touch the bridge', imports: ['shared'], packages: ['zod'] },
  'renderer/state': {
    path: 'src-renderer/state',
    holds: 'stores and requests',
    imports: ['renderer/ipc', 'renderer/theme', 'shared'],
    packages: ['react', 'zustand', 'zod'],
  },
  'renderer/theme': {
    path: 'src-renderer/theme',
    holds: 'colours, fonts, sizes, labels and formatting',
    imports: ['shared'],
    packages: ['react', '@fontsource-variable/inter'],
  },
  'renderer/components': {
    path: 'src-renderer/components',
    holds: 'controls without state and charts',
    imports: ['renderer/theme', 'shared'],
    packages: ['react', 'lucide-react', '@tanstack/react-table', '@tanstack/react-virtual'],
  },
  'renderer/charts': {
    path: 'src-renderer/charts',
    holds: 'charts; `chart.tsx` alone draws with ECharts',
    imports: ['renderer/components', 'renderer/theme', 'shared'],
    packages: ['react', 'lucide-react', 'echarts', 'zrender'],
  },
  'renderer/frame': {
    path: 'src-renderer/frame',
    holds: 'sidebar, summary bar, filter, palette, drawer',
    ...views,
    packages: [...views.packages, 'fuzzysort'],
  },
  'renderer/views': {
    path: 'src-renderer/views',
    holds: 'a folder per view',
    ...views,
    packages: [...views.packages, 'zod', '@codemirror/*', '@lezer/highlight'],
    types: ['echarts'],
  },
  'renderer/cloud': { path: 'src-renderer/cloud', holds: 'the cloud view', ...views },
  renderer: {
    path: 'src-renderer/*',
    holds: 'entry, view table, commands',
    imports: [
      'renderer/frame',
      'renderer/views',
      'renderer/cloud',
      'renderer/state',
      'renderer/charts',
      'renderer/components',
      'renderer/theme',
      'shared',
    ],
    packages: ['react', 'react-dom', 'lucide-react'],
  },
}

/** @param {string} path @param {string} file */
const covers = (path, file) =>
  path.endsWith('/*') ? file.slice(0, file.lastIndexOf('/')) === path.slice(0, -2) : file === path || file.startsWith(`${path}/`)

/** The module that a file belongs to. @param {string} file @returns {string | undefined} */
export const moduleOf = (file) =>
  Object.keys(modules)
    .filter((name) => covers(modules[name].path, file))
    .sort((a, b) => modules[b].path.length - modules[a].path.length)[0]

/** @param {readonly string[]} packages @param {string} name */
const includesPackage = (packages, name) =>
  packages.some((entry) => entry === name || (entry.endsWith('/*') && name.startsWith(entry.slice(0, -1))))

/**
 * The objection of the table to an import; undefined if it is allowed.
 * @param {import('./import-graph.mjs').Import} imported @returns {string | undefined}
 */
export function objectionTo({ from, to, isPackage, isType }) {
  const name = moduleOf(from)
  if (name === undefined) return `${from} belongs to no module of the table`
  const { imports, packages, types = [] } = modules[name]
  if (isPackage) {
    const allowed = includesPackage(packages, to) || (isType && includesPackage(types, to))
    return allowed ? undefined : `${name} may not import ${to}: ${from}`
  }
  const target = moduleOf(to)
  // Style sheets, pictures and package.json are not sources and import nothing.
  if (target === undefined && !/^src-|\.[cm]?[jt]sx?$/.test(to)) return undefined
  return target === name || imports.includes(String(target)) ? undefined : `${name} may not import ${target ?? to}: ${from} -> ${to}`
}

const begin = '<!-- Import table: begin -->'
const end = '<!-- Import table: end -->'

/** @param {readonly string[]} packages @param {readonly string[]} [types] */
const packageCell = (packages, types = []) =>
  [...packages.map((name) => (name === 'node' ? 'Node' : `\`${name}\``)), ...types.map((name) => `\`${name}\` (types)`)].join(', ')

/** The page with the table as it is now. @param {string} page */
export function withImportTable(page) {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`The page lacks "${begin}" or "${end}".`)
  const rows = Object.entries(modules).map(
    ([name, { holds, imports, packages, types }]) =>
      `| \`${name}\` | ${holds} | ${imports.join(', ') || 'nothing'} | ${packageCell(packages, types)} |`,
  )
  const table = ['| module | holds | may import | packages |', '|---|---|---|---|', ...rows].join('\n')
  return `${before}${begin}\n${table}\n${end}${after}`
}
