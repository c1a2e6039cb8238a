// A run's metrics through the textfile collector of node_exporter into a real Prometheus: every sample comes out as it was written. Part of `npm run interop`.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expectThat } from './expectations.mjs'
import { freePort } from './free-port.mjs'

const cliFile = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
const programs = ['prometheus-node-exporter', 'prometheus', 'promtool']
const missing = programs.find((program) => spawnSync(program, ['--version']).error !== undefined)
if (missing !== undefined) console.log(`Skipped: ${missing} is not installed (apt-get install prometheus prometheus-node-exporter).`)
else await check()

async function check() {
  const folder = mkdtempSync(join(tmpdir(), 'headroom-textfile-'))
  /** @type {import('node:child_process').ChildProcess[]} */
  const started = []
  try {
    /** @param {string[]} args */
    const headroom = (...args) => {
      const { status, stderr } = spawnSync(process.execPath, [cliFile, ...args], { encoding: 'utf8', cwd: folder })
      expectThat(`headroom ${args[0]}`, status === 0, stderr)
    }
    headroom('sample', '--end', '2026-11-22', '--servers', '60', '--out', 'sample.parquet', '--quiet')
    // Names with the characters that the text format escapes.
    const servers = join(folder, 'sample.servers.csv')
    const unit = 'Back\\office ""A""'
    const table = readFileSync(servers, 'utf8')
    const [header = '', ...rows] = table.trimEnd().split(/\r?\n/)
    const column = header.split(',').indexOf('business_unit')
    const changed = rows.map((row, index) => row.split(',').with(column, index % 3 === 0 ? `"${unit}"` : 'Payments'))
    writeFileSync(servers, [header, ...changed.map((cells) => cells.join(','))].join('\n'))
    headroom('analyze', 'sample.parquet', '--servers', servers, '--out', 'run', '--quiet')
    mkdirSync(join(folder, 'textfiles'))
    headroom('export', 'run', '--format', 'prometheus', '--out', join('textfiles', 'headroom.prom'))
    const text = readFileSync(join(folder, 'textfiles', 'headroom.prom'), 'utf8')

    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expectThat('promtool finds nothing', status === 0 && stderr === '', stderr)

    const [exporterPort, port] = [await freePort(), await freePort()]
    const collectors = [
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${join(folder, 'textfiles')}`,
    ]
    started.push(spawn(programs[0], [`--web.listen-address=127.0.0.1:${exporterPort}`, ...collectors], { stdio: 'ignore' }))
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `scrape_configs: [{ job_name: node, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${exporterPort}'] }] }]\n`,
    )
    const options = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`, '--log.level=error']
    started.push(spawn('prometheus', [...options, `--web.listen-address=127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'inherit'] }))

    /** Samples that Prometheus holds, as lines. @returns {Promise<string[]>} */
    const stored = async () => {
      const query = new URLSearchParams({ query: '{__name__=~"headroom_.*"}' })
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${query}`).catch(() => undefined)
      if (response?.ok !== true) return []
      /** @type {{ data: { result: { metric: Record<string, string>, value: [number, string] }[] } }} */
      const { data } = JSON.parse(await response.text())
      return data.result
        .map(({ metric: { __name__, instance: _instance, job: _job, ...labels }, value }) => lineOf(__name__ ?? '', labels, value[1]))
        .sort()
    }
    let lines = await stored()
    for (let waited = 0; waited < 300 && lines.length === 0; waited++) {
      await pause(100)
      lines = await stored()
    }
    const written = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(readLine)
      .sort()
    expectThat(
      `each of ${written.length} samples as it was written`,
      written.length > 5 && lines.join('\n') === written.join('\n'),
      lines.join('\n'),
    )
    expectThat(
      'a name with quotes and a backslash',
      lines.some((line) => line.includes(JSON.stringify('Back\\office "A"'))),
      lines.join('\n'),
    )
    const scraped = await (await fetch(`http://127.0.0.1:${exporterPort}/metrics`)).text()
    expectThat('node_exporter reads it without an error', /^node_textfile_scrape_error 0$/m.test(scraped))
  } finally {
    for (const child of started) {
      const ended = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} name @param {Record<string, string>} labels @param {string} value */
function lineOf(name, labels, value) {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${name} ${sorted.map(([key, label]) => `${key}=${JSON.stringify(label)}`).join(',')} ${Number(value)}`
}

/** A line of the text format, read apart from the program: labels escape backslash, quote and line feed. @param {string} line */
function readLine(line) {
  const [, name = '', , inside = '', value = ''] = /^(\w+)(\{(.*)\})? (\S+)$/.exec(line) ?? []
  /** @type {Record<string, string>} */
  const labels = {}
  for (const [, key = '', label = ''] of inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
    // An empty label is none in Prometheus.
    if (label !== '') labels[key] = label.replaceAll(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
  return lineOf(name, labels, value)
}
