// The command line: commands and their options; every failure ends in one sentence on stderr and an exit code.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { exitCodeOf, exitCodes } from '../../src-shared/run/errors.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import { reportFormats } from '../../src-shared/ipc/export-rows.ts'
import { analysisMethods } from '../../src-shared/config/analysis-config.ts'
import { addCloudCommands } from './cloud-commands.ts'
import { writeExitMessage } from './exit-message.ts'
import { reportFailure } from './terminal.ts'

const examples = {
  sample: ['sample --servers 120 --out sample.parquet'],
  analyze: ['analyze sample.parquet --servers sample.servers.csv --out run', 'analyze forecasts/ --set high_risk_threshold=85 --out run'],
  inspect: ['inspect sample.parquet'],
  plan: ['plan forecasts/ --servers fleet.csv --out plan'],
  finish: ['finish spark-output/stage --out run'],
  verify: ['verify run'],
  compare: ['compare run-in-june run-in-july'],
  reconcile: ['reconcile run'],
  open: ['open run'],
  export: ['export run --format pdf --out report.pdf'],
  whatIf: [
    'what-if run --set growth_percent=15 --grid',
    'what-if run --scenario next-year.yaml',
    "what-if run --set 'removed_servers=[web-1, web-2]'",
  ],
  query: ['query run "SELECT server_id, horizon_p95 FROM server_risk ORDER BY 2 DESC LIMIT 5"'],
} as const

const exampleText = (lines: readonly string[]): string => `Examples:\n${lines.map((line) => `  headroom ${line}\n`).join('')}`

const program = new Command('headroom')
  .description('Capacity risk from forecasts: which servers run out, when, and what can be saved.')
  .version(packageJson.version)
  .showHelpAfterError('Run with --help for the options.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')) })
  .exitOverride()
  .addHelpText('before', exampleText(Object.values(examples).map(([first]) => first)))

const integerBetween =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is needed.`)
  }

const seed = integerBetween(0, 0xffffffff)
/** DuckDB brings the whole process down when it is refused one of very many threads. */
const threads = integerBetween(1, 256)

const outputPath = (text: string): string => {
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

const collect = (value: string, previous: string[]): string[] => [...previous, value]

program
  .command('analyze')
  .addHelpText('before', exampleText(examples.analyze))
  .description('analyse a forecast set into a run folder')
  .argument('<input...>', 'Parquet files, folders or globs of one forecast set')
  .requiredOption('--out <dir>', 'run folder to make; must not exist or be empty', outputPath)
  .option('--config <file>', 'YAML with settings, or the config.yaml of the Python pipeline')
  .option('--servers <file>', 'CSV or Parquet with server_id and groups, costs, sizes')
  .option('--events <file>', 'CSV with from, to, servers or group, effect and note of one-off events')
  .addOption(
    new Option('--method <name>', 'headroom, or module05 for the arithmetic of the Python original')
      .choices(analysisMethods)
      .default('headroom'),
  )
  .option('--model <name>', 'force one model for all series')
  .option('--set <key=value>', 'set one configuration key; may be repeated', collect, [])
  .option('--seed <n>', 'seed of every random choice', seed)
  .addOption(new Option('--run-id <id>', 'name of the run in its manifest').argParser(runId).hideHelp())
  .option('--threads <n>', 'DuckDB threads (at least 2 are used)', threads)
  .option('--memory-limit <size>', "memory that the analysis may take, for instance 1GB; without it a quarter of the machine's", memorySize)
  .option('--json', 'events as JSON lines on stdout')
  .option('--quiet', 'no progress, no warnings')
  .action(async (inputs: string[], options) => (await import('./analyze-command.ts')).runAnalyze(inputs, options))

program
  .command('sample')
  .addHelpText('before', exampleText(examples.sample))
  .description('write a realistic forecast set and its servers table')
  .requiredOption('--out <file>', 'Parquet file to write; FILE.servers.csv is written beside it', outputPath)
  .option('--servers <n>', 'number of servers', integerBetween(1, 1_000_000), 120)
  .addOption(new Option('--granularity <step>', 'daily or hourly').choices(['daily', 'hourly']).default('daily'))
  .option('--seed <n>', 'seed', seed, 42)
  .option('--json', 'result as JSON on stdout')
  .option('--quiet', 'no progress')
  .action(async (options) => (await import('./sample-command.ts')).runSample(options))

program
  .command('inspect')
  .addHelpText('before', exampleText(examples.inspect))
  .description('say what a forecast set holds: columns, servers, models, horizon, warnings')
  .argument('<input...>', 'Parquet files, folders or globs')
  .option('--config <file>', 'YAML with settings')
  .option('--json', 'as JSON on stdout')
  .action(async (inputs: string[], options) => (await import('./inspect-command.ts')).runInspect(inputs, options))

program
  .command('plan')
  .addHelpText('before', exampleText(examples.plan))
  .description('write the row-level work of an analysis as Spark SQL, for sets that outgrow one machine')
  .argument('<input...>', 'Parquet files, folders or globs of one forecast set')
  .requiredOption('--out <dir>', 'folder for plan.json and the servers table as Parquet', outputPath)
  .option('--config <file>', 'YAML with settings')
  .option('--servers <file>', 'CSV or Parquet with server_id and groups, costs, sizes')
  .option('--model <name>', 'force one model for all series')
  .option('--set <key=value>', 'set one configuration key; may be repeated', collect, [])
  .action(async (inputs: string[], options) => (await import('./plan-command.ts')).runPlan(inputs, options))

program
  .command('finish')
  .addHelpText('before', exampleText(examples.finish))
  .description('make the run folder from what a Spark job with such a plan has left')
  .argument('<stage>', "the Spark job's stage folder")
  .requiredOption('--out <dir>', 'run folder to make; must not exist or be empty', outputPath)
  .option('--events <file>', 'CSV with from, to, servers or group, effect and note of one-off events')
  .addOption(new Option('--run-id <id>', 'name of the run in its manifest').argParser(runId).hideHelp())
  .option('--threads <n>', 'DuckDB threads (at least 2 are used)', threads)
  .option('--memory-limit <size>', "memory that it may take, for instance 1GB; without it a quarter of the machine's", memorySize)
  .option('--json', 'events as JSON lines on stdout')
  .option('--quiet', 'no progress, no warnings')
  .action(async (stage: string, options) => (await import('./finish-command.ts')).runFinish(stage, options))

program
  .command('verify')
  .addHelpText('before', exampleText(examples.verify))
  .description("compare a run folder with its manifest's hashes")
  .argument('<run>', 'run folder')
  .option('--json', 'as JSON on stdout')
  .action(async (run: string, options) => (await import('./verify-command.ts')).runVerify(run, options))

program
  .command('compare')
  .addHelpText('before', exampleText(examples.compare))
  .description('say what changed between two runs, why, and how the earlier forecast held')
  .argument('<earlier>', 'run folder that was made first')
  .argument('<later>', 'run folder to compare it with')
  .option('--json', 'as JSON on stdout')
  .action(async (earlier: string, later: string, options) => (await import('./compare-command.ts')).runCompare(earlier, later, options))

program
  .command('reconcile')
  .addHelpText('before', exampleText(examples.reconcile))
  .description("explain every difference between a run's totals and those of the Python original (module05)")
  .argument('<run>', 'run folder')
  .option('--json', 'as JSON on stdout')
  .action(async (run: string, options) => (await import('./reconcile-command.ts')).runReconcile(run, options))

program
  .command('what-if')
  .addHelpText('before', exampleText(examples.whatIf))
  .description('answer a scenario on a run: other thresholds, growth, horizon, servers or costs, without a new analysis')
  .argument('<run>', 'run folder')
  .option('--scenario <file>', 'JSON or YAML with the keys of a scenario')
  .option('--set <key=value>', 'set one key of the scenario; may be repeated', collect, [])
  .option('--grid', 'servers at risk by threshold and percentile')
  .option('--json', 'as JSON on stdout')
  .action(async (run: string, options) => (await import('./what-if-command.ts')).runWhatIf(run, options))

program
  .command('query')
  .addHelpText('before', exampleText(examples.query))
  .description("one SELECT over a run's tables: forecasts, server_risk, server_clusters")
  .argument('<run>', 'run folder')
  .argument('<sql>', 'one SELECT statement')
  .addOption(new Option('--json', 'rows as JSON on stdout').conflicts('csv'))
  .addOption(new Option('--csv', 'rows as CSV on stdout'))
  .action(async (run: string, sql: string, options) => (await import('./query-command.ts')).runQuery(run, sql, options))

program
  .command('open')
  .addHelpText('before', exampleText(examples.open))
  .description('show a run folder, a forecast set or a link in the window')
  .argument('<target>', 'run folder, Parquet file, folder of them, or headroom:// link')
  .action(async (target: string) => (await import('./open-command.ts')).runOpen(target, __dirname))

program
  .command('export')
  .addHelpText('before', exampleText(examples.export))
  .description('write a run as a report: one HTML page, PDF, workbook or CSV')
  .argument('<run>', 'run folder')
  .addOption(new Option('--format <format>', 'html, pdf, xlsx or csv').choices(reportFormats).makeOptionMandatory())
  .option('--out <file>', 'file to write; RUN.FORMAT in this folder without it', outputPath)
  .option('--json', 'result as JSON on stdout')
  .action(async (run: string, options) => (await import('./export-command.ts')).runExport(run, options))
addCloudCommands(program)

const main = async (): Promise<void> => {
  try {
    await program.parseAsync(process.argv)
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage
      return
    }
    const json = process.argv.includes('--json')
    const error = reportFailure(thrown, json)
    writeExitMessage(error)
    process.exitCode = exitCodeOf(error.code)
  }
}

void main()
