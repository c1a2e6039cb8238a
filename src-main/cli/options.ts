// Options and option parsers that several commands share.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { analysisMethods, decimalSettings, textEncodings } from '../../src-shared/config/analysis-config.ts'
import { metricUnits, type MetricUnit } from '../../src-shared/config/metric-units.ts'
import { columnRoles, wideLayouts } from '../../src-shared/run/input-mapping.ts'
import { maxShards } from '../../src-shared/run/shard-steps.ts'
import type { TimeOfDay } from '../cycle/schedulers.ts'
import { modelNames, type ForecastModelName } from '../forecasting/model-names.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import { collectGates } from './gates.ts'

/** The examples above the help of a command. */
export const exampleText = (lines: readonly string[]): string => `Examples:\n${lines.map((line) => `  headroom ${line}\n`).join('')}`

export const integerBetween =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is needed.`)
  }

export const parseShard = (text: string): { number: number; count: number } => {
  const [, number, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []
  const shard = { number: Number(number), count: Number(count) }
  if (shard.number >= 1 && shard.number <= shard.count && shard.count <= maxShards) return shard
  throw new InvalidArgumentError('A shard such as 1/3 is needed: its number, and how many there are.')
}

export const positiveNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('A number above 0 is needed.')
}

export const nonNegativeNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('A number from 0 on is needed.')
}

export const outputPath = (text: string): string => {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

const memorySize = (text: string): string => {
  if (!Number.isNaN(parseMemorySize(text))) return text.trim()
  throw new InvalidArgumentError('A number and a unit are needed, for instance 800MB or 4GB.')
}

const runId = (text: string): string => {
  if (/^[\w-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('Up to 64 letters, digits, hyphens and underscores are allowed.')
}

export const parseSeed = integerBetween(0, 0xffffffff)

export const parseTimeOfDay = (text: string): TimeOfDay => {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hour !== undefined) return { hour: Number(hour), minute: Number(minute) }
  throw new InvalidArgumentError('A time of day is needed, such as 02:30.')
}

export const parseDay = (text: string): string => {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && (new Date(`${text}T00:00:00Z`).toJSON() ?? '').startsWith(text)) return text
  throw new InvalidArgumentError('A day such as 2027-01-15 is needed.')
}

/** Gathers the values of a repeatable option. */
export const collect = (value: string, previous: string[]): string[] => [...previous, value]

/** Gathers names of own models. */
export const collectModels = (text: string, previous: readonly ForecastModelName[]): ForecastModelName[] => {
  const name = modelNames.find((candidate) => candidate === text)
  if (name !== undefined) return [...previous, name]
  throw new InvalidArgumentError(`Choose from ${modelNames.join(', ')}.`)
}

/** Gathers METRIC=UNIT; the metric may contain an equals sign. */
export const collectUnits = (text: string, previous: Readonly<Record<string, MetricUnit>>): Record<string, MetricUnit> => {
  const at = text.lastIndexOf('=')
  const unit = metricUnits.find((name) => name === text.slice(at + 1).trim())
  if (at > 0 && unit !== undefined) return { ...previous, [text.slice(0, at).trim()]: unit }
  throw new InvalidArgumentError(`METRIC=UNIT is needed, with one of the units ${metricUnits.join(', ')}.`)
}

/** Gathers ROLE=COLUMN; the column may contain an equals sign. */
const collectColumns = (text: string, previous: Readonly<Record<string, string>>): Record<string, string> => {
  const at = text.indexOf('=')
  const role = columnRoles.find((name) => name === text.slice(0, at).trim())
  if (at > 0 && role !== undefined && text.length > at + 1) return { ...previous, [role]: text.slice(at + 1) }
  throw new InvalidArgumentError(`ROLE=COLUMN is needed, with one of the roles ${columnRoles.join(', ')}.`)
}

/** A share, or percent. */
const intervalLevel = (text: string): number => {
  const value = Number(text.replace(/%$/, ''))
  const level = value > 1 ? value / 100 : value
  if (text.trim() !== '' && level > 0 && level < 1) return level
  throw new InvalidArgumentError('A level such as 0.8 or 80 is needed.')
}

/** A new `Option` at each call: commander stores state in an option. */
export const sharedOptions = {
  config: () => new Option('--config <file>', 'YAML with settings, or the config.yaml of the Python pipeline'),
  servers: () => new Option('--servers <file>', 'CSV, XLSX or Parquet with server_id and groups, costs, sizes'),
  events: () => new Option('--events <file>', 'CSV or XLSX with from, to, servers or group, effect and note of one-off events'),
  projects: () => new Option('--projects <file>', 'CSV with name, group, metric, units, from, to, probability and status of projects'),
  drivers: () => new Option('--drivers <file>', 'CSV with time, driver, value and group of business drivers'),
  catalogue: () => new Option('--catalogue <file>', 'CSV with type, vcpu, mem_gib, monthly_usd and arch of instance types'),
  method: () =>
    new Option('--method <name>', 'headroom, or module05 for the arithmetic of Module 05').choices(analysisMethods).default('headroom'),
  model: () => new Option('--model <name>', 'use this model for all series'),
  withBaselines: () => new Option('--with-baselines', 'add Headroom’s own forecasts to the models of the input'),
  previous: () => new Option('--previous <run>', 'keep the hosts of this run folder where they still fit'),
  gate: () =>
    new Option('--gate <name=limit>', 'exit with 5 if more servers are at_risk, new_at_risk (with --previous) or silent; repeatable')
      .argParser(collectGates)
      .default({}, 'none'),
  set: () => new Option('--set <key=value>', 'set one configuration key; repeatable').argParser(collect).default([]),
  timeZone: () => new Option('--time-zone <zone>', 'IANA zone of days, weekends and holidays, such as Europe/Berlin (default: UTC)'),
  backtest: () =>
    new Option('--backtest <file>', 'backtest of the forecasts in files of their own; repeatable').argParser(collect).default([]),
  batchInput: () =>
    new Option('--batch-input <file>', "input of DeepAR's batch transform, whose lines name the servers; repeatable")
      .argParser(collect)
      .default([]),
  batchStep: () => new Option('--batch-step <step>', "steps of DeepAR's batch transform: 5min, H, D, W or M"),
  runFolder: () => new Option('--out <dir>', 'new or empty run folder').argParser(outputPath).makeOptionMandatory(),
  runId: () => new Option('--run-id <id>', 'name of the run in its manifest').argParser(runId).hideHelp(),
  // DuckDB ends the whole process if the system refuses one of very many threads.
  threads: () => new Option('--threads <n>', 'DuckDB threads (at least 2 are used)').argParser(integerBetween(1, 256)),
  memoryLimit: () =>
    new Option('--memory-limit <size>', 'memory limit, for instance 1GB (default: a quarter of the memory)').argParser(memorySize),
  queryMemoryLimit: () => new Option('--memory-limit <size>', 'memory limit').argParser(memorySize).default('1GB'),
  asOf: () =>
    new Option(
      '--as-of <day>',
      'dates before this day have passed, such as 2027-01-15 (default: today, and never before the forecast begins)',
    ).argParser(parseDay),
  force: () => new Option('--force', 'replace existing files'),
  json: () => new Option('--json', 'write JSON to stdout'),
  jsonEvents: () => new Option('--json', 'write events as JSON lines to stdout'),
  bom: () => new Option('--bom', 'begin CSV with a byte order mark, which Excel needs'),
  quiet: () => new Option('--quiet', 'hide progress'),
  quietWarnings: () => new Option('--quiet', 'hide progress and warnings'),
} as const

/** How the files are to be read, where they do not say it themselves. */
export const withReadingOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--map <role=column>', 'column of a role, such as predicted=yhat_median; repeatable')
        .argParser(collectColumns)
        .default({}, 'by the names'),
    )
    .addOption(new Option('--map-file <file>', 'YAML with the column of each role'))
    .addOption(new Option('--wide <kind>', 'what the value columns of a wide file are').choices(wideLayouts))
    .addOption(
      new Option('--unit <metric=unit>', 'unit of a metric, such as cpu_p95=fraction; repeatable')
        .argParser(collectUnits)
        .default({}, 'by its name'),
    )
    .addOption(new Option('--level <share>', 'nominal level of the bounds where no name states it, such as 0.8').argParser(intervalLevel))
    .addOption(new Option('--decimal <mark>', 'decimal mark of numbers in text tables: comma or point').choices(decimalSettings))
    .addOption(sharedOptions.timeZone())
    .addOption(new Option('--date-format <format>', 'day-first, month-first, excel, or a pattern such as "%d.%m.%Y %H:%M"'))
    .addOption(new Option('--encoding <name>', 'encoding of CSV files without a byte order mark (default: utf-8)').choices(textEncodings))
    .addOption(new Option('--metric <name>', 'analyse this metric only; repeatable').argParser(collect).default([], 'all'))
