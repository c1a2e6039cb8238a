// The table of commands: each loads its own file when it runs. A failure prints one sentence to stderr and sets the exit code.
import '../../src-shared/run/no-proto-accessor.ts'
import { Command, CommanderError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { exitCodeOf, exitCodes } from '../../src-shared/run/errors.ts'
import { reportFormats, ticketFormats } from '../../src-shared/ipc/export-rows.ts'
import { periodStatistics } from '../../src-shared/config/metric-units.ts'
import { schedulers } from '../cycle/schedulers.ts'
import { maxShards, shardSteps } from '../../src-shared/run/shard-steps.ts'
import { forecastSteps } from '../forecasting/forecast-options.ts'
import { addCloudCommands, withConnection } from './cloud-commands.ts'
import { addCollectCommands } from './collect-commands.ts'
import { addDecisionCommands } from './decision-commands.ts'
import {
  collect,
  collectModels,
  exampleText,
  integerBetween,
  outputPath,
  parseSeed,
  parseShard,
  parseTimeOfDay,
  sharedOptions,
  withReadingOptions,
} from './options.ts'
import { endOnSignals, hasLostOutput, reportFailure, writeExitMessage } from './terminal.ts'

const examples = {
  sample: ['sample --servers 120 --out sample.parquet'],
  analyze: ['analyze sample.parquet --servers sample.servers.csv --out run', 'analyze forecasts/ --set high_risk_threshold=85 --out run'],
  inspect: ['inspect sample.parquet', 'inspect measured.csv --wide servers --json'],
  forecast: ['forecast measured.csv --out forecasts.parquet', 'forecast measured/ --step hour --horizon 168 --out forecasts.parquet'],
  plan: ['plan forecasts/ --servers fleet.csv --out plan'],
  finish: [
    'finish spark-output/stage --out run',
    'finish spark-output/stage --shards 3 --out run',
    'finish spark-output/stage --step measure --shard 1/3',
    'finish spark-output/stage --step merge --shards 3 --out run',
  ],
  verify: ['verify run'],
  compare: ['compare run-in-june run-in-july'],
  history: ['history runs', 'history s3://bucket/runs/ --download runs'],
  cycle: ['cycle plan.yaml', 'cycle plan.yaml --schedule cron --at 02:30'],
  reconcile: ['reconcile run'],
  capacity: ['capacity run'],
  open: ['open run'],
  export: [
    'export run --format pdf --out report.pdf',
    'export run --format ddl --location s3://bucket/runs/june',
    'export runs --format pack --approver "A. Planner"',
    'export s3://bucket/runs/ --format pack --out june.pdf',
  ],
  whatIf: [
    'what-if run --set growth_percent=15 --grid',
    'what-if run --scenario next-year.yaml',
    "what-if run --set 'removed_servers=[web-1, web-2]'",
    "what-if run --set 'lost_hosts=[host-1]' --projects projects.csv",
  ],
  query: ['query run "SELECT server_id, horizon_p95 FROM server_risk ORDER BY 2 DESC LIMIT 5"'],
} as const

const program = new Command('headroom')
  .description('Find capacity risk in forecasts: which servers run out, when, and what can be saved.')
  .version(packageJson.version)
  .showHelpAfterError('Run with --help for the options.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')) })
  .exitOverride()
  .addHelpText('before', exampleText(Object.values(examples).map(([first]) => first)))

const forecastsArgument = 'files of Parquet, CSV or JSON, folders or globs'

withReadingOptions(
  program
    .command('analyze')
    .addHelpText('before', exampleText(examples.analyze))
    .description('Analyse forecasts and write a run folder')
    .argument('<input...>', forecastsArgument)
    .addOption(sharedOptions.runFolder())
    .addOption(sharedOptions.config())
    .addOption(sharedOptions.servers())
    .addOption(sharedOptions.events())
    .addOption(sharedOptions.projects())
    .addOption(sharedOptions.drivers())
    .addOption(sharedOptions.catalogue())
    .addOption(sharedOptions.method())
    .addOption(sharedOptions.model())
    .addOption(sharedOptions.withBaselines())
    .addOption(sharedOptions.previous())
    .addOption(sharedOptions.gate())
    .addOption(sharedOptions.set())
    .addOption(sharedOptions.backtest())
    .addOption(sharedOptions.batchInput())
    .addOption(sharedOptions.batchStep()),
)
  .option('--seed <n>', 'seed of all random choices', parseSeed)
  .addOption(sharedOptions.runId())
  .addOption(sharedOptions.threads())
  .addOption(sharedOptions.memoryLimit())
  .addOption(sharedOptions.jsonEvents())
  .addOption(sharedOptions.quietWarnings())
  .action(async (inputs: string[], options) => (await import('./analyze-command.ts')).runAnalyze(inputs, options))

program
  .command('sample')
  .addHelpText('before', exampleText(examples.sample))
  .description('Write sample forecasts, or measurements alone, and their servers table')
  .requiredOption('--out <file>', 'new Parquet file; the servers table goes to FILE.servers.csv', outputPath)
  .option('--servers <n>', 'number of servers', integerBetween(1, 1_000_000), 120)
  .addOption(new Option('--granularity <step>', 'daily or hourly').choices(['daily', 'hourly']).default('daily'))
  .option('--measurements', 'write what was measured, without forecasts')
  .option('--complete', 'add memory, an event calendar and the forecasts of 4 and 8 weeks earlier')
  .option('--end <day>', 'last measured day, such as 2026-11-22 (default: yesterday)')
  .option(
    '--first-end <day>',
    'continue the sample that ended on this day: one fleet over time (default: the day of --end, another past for each)',
  )
  .option('--seed <n>', 'seed of all random choices', parseSeed, 42)
  .addOption(sharedOptions.force())
  .addOption(sharedOptions.json())
  .addOption(sharedOptions.quiet())
  .action(async (options) => (await import('./sample-command.ts')).runSample(options))

withReadingOptions(
  program
    .command('inspect')
    .addHelpText('before', exampleText(examples.inspect))
    .description('Show columns, servers, models, horizon and warnings of forecasts')
    .argument('<input...>', forecastsArgument)
    .addOption(sharedOptions.config())
    .addOption(sharedOptions.backtest())
    .addOption(sharedOptions.batchInput())
    .addOption(sharedOptions.batchStep()),
)
  .option('--rows <n>', 'canonical rows in the preview of --json', integerBetween(0, 1_000_000))
  .addOption(sharedOptions.json())
  .action(async (inputs: string[], options) => (await import('./inspect-command.ts')).runInspect(inputs, options))

withReadingOptions(
  program
    .command('forecast')
    .addHelpText('before', exampleText(examples.forecast))
    .description('Forecast measurements and write a forecasts file with its backtest')
    .argument('<measurements...>', 'files of Parquet, CSV or JSON, folders or globs')
    .requiredOption('--out <file>', 'new Parquet file', outputPath)
    .option('--horizon <n>', 'steps ahead (default: 30 days or 168 hours)', integerBetween(1, 10_000))
    .addOption(new Option('--step <step>', 'day or hour (default: day from 60 days on)').choices(forecastSteps))
    .addOption(new Option('--statistic <name>', 'of the values within a step (default: p95; max of percentiles)').choices(periodStatistics))
    .addOption(new Option('--model <name>', 'forecast by this model only; repeatable').argParser(collectModels).default([], 'all'))
    .addOption(sharedOptions.config())
    .addOption(sharedOptions.set()),
)
  .addOption(sharedOptions.threads())
  .addOption(sharedOptions.memoryLimit())
  .addOption(sharedOptions.force())
  .addOption(sharedOptions.json())
  .addOption(sharedOptions.quietWarnings())
  .action(async (inputs: string[], options) => (await import('./forecast-command.ts')).runForecast(inputs, options))

withReadingOptions(
  program
    .command('plan')
    .addHelpText('before', exampleText(examples.plan))
    .description('Write the row-level work of an analysis as Spark SQL, for forecasts too large for one machine')
    .argument('<input...>', forecastsArgument)
    .requiredOption('--out <dir>', 'folder for plan.json and the servers table as Parquet', outputPath)
    .addOption(sharedOptions.config())
    .addOption(sharedOptions.servers())
    .addOption(sharedOptions.model())
    .addOption(sharedOptions.set()),
)
  .addOption(sharedOptions.force())
  .action(async (inputs: string[], options) => (await import('./plan-command.ts')).runPlan(inputs, options))

program
  .command('finish')
  .addHelpText('before', exampleText(examples.finish))
  .description('Complete a run from Spark output')
  .argument('<spark-output>', 'folder that the Spark job wrote')
  .addOption(sharedOptions.runFolder().makeOptionMandatory(false))
  .addOption(sharedOptions.events())
  .option('--shards <n>', 'split the servers into so many processes of this machine', integerBetween(1, maxShards))
  .addOption(
    new Option('--step <name>', 'one step alone, on a machine of its own: with --shard, or merge with --shards').choices([
      ...shardSteps,
      'merge',
    ]),
  )
  .option('--shard <k/n>', 'with --step: one of n shards, such as 1/3', parseShard)
  .option('--shard-folder <dir>', 'folder that all steps share (default: shards in the Spark output)', outputPath)
  .addOption(sharedOptions.runId())
  .addOption(sharedOptions.threads())
  .addOption(sharedOptions.memoryLimit())
  .addOption(sharedOptions.jsonEvents())
  .addOption(sharedOptions.quietWarnings())
  .action(async (sparkOutput: string, options) => (await import('./finish-command.ts')).runFinish(sparkOutput, options))

program
  .command('verify')
  .addHelpText('before', exampleText(examples.verify))
  .description('Verify the files of a run folder against its manifest')
  .argument('<run>', 'run folder')
  .addOption(sharedOptions.json())
  .action(async (run: string, options) => (await import('./verify-command.ts')).runVerify(run, options))

program
  .command('compare')
  .addHelpText('before', exampleText(examples.compare))
  .description('Compare two runs: changes, their causes, and the error of the earlier forecast')
  .argument('<earlier>', 'run folder of the earlier analysis')
  .argument('<later>', 'run folder of the later analysis')
  .addOption(sharedOptions.json())
  .action(async (earlier: string, later: string, options) => (await import('./compare-command.ts')).runCompare(earlier, later, options))

withConnection(program.command('history'))
  .addHelpText('before', exampleText(examples.history))
  .description('Summarise the runs in a folder: trends, lasting risks, what came of statements and decisions')
  .argument('<folder>', 'folder, or s3:// prefix, whose folders are runs of one fleet')
  .option('--download <dir>', 'with s3://: keep the runs in this folder, and download only new ones')
  .addOption(sharedOptions.asOf())
  .action(async (folder: string, options) => (await import('./history-command.ts')).runHistory(folder, options))

program
  .command('cycle')
  .addHelpText('before', exampleText(examples.cycle))
  .description('Run a plan: analyse what is new, judge its gates, write and send its outputs')
  .argument('<plan>', 'YAML file of the plan')
  .addOption(new Option('--schedule <system>', 'print the entry that runs the plan every day; runs nothing').choices(schedulers))
  .addOption(new Option('--at <time>', 'time of day of that entry').argParser(parseTimeOfDay).default({ hour: 2, minute: 30 }, '02:30'))
  .addOption(sharedOptions.asOf())
  .addOption(sharedOptions.jsonEvents())
  .addOption(sharedOptions.quietWarnings())
  .action(async (plan: string, options) => (await import('./cycle-command.ts')).runCycleCommand(plan, options))

program
  .command('reconcile')
  .addHelpText('before', exampleText(examples.reconcile))
  .description("Explain the differences between a run's totals and Module 05's")
  .argument('<run>', 'run folder')
  .addOption(sharedOptions.json())
  .action(async (run: string, options) => (await import('./reconcile-command.ts')).runReconcile(run, options))

program
  .command('capacity')
  .addHelpText('before', exampleText(examples.capacity))
  .description('List limiting resources, full volumes, and the runway of clusters and hosts')
  .argument('<run>', 'run folder')
  .addOption(sharedOptions.json())
  .action(async (run: string, options) => (await import('./capacity-command.ts')).runCapacity(run, options))

program
  .command('what-if')
  .addHelpText('before', exampleText(examples.whatIf))
  .description('Evaluate a scenario on a run: other thresholds, growth, horizon, servers, hosts, projects or costs')
  .argument('<run>', 'run folder')
  .option('--scenario <file>', 'JSON or YAML with the keys of a scenario')
  .option('--set <key=value>', 'set one key of the scenario; repeatable', collect, [])
  .option('--projects <file>', 'CSV of projects that replace those of the run; each one counts')
  .option('--grid', 'count servers at risk by threshold and percentile')
  .addOption(sharedOptions.json())
  .action(async (run: string, options) => (await import('./what-if-command.ts')).runWhatIf(run, options))

program
  .command('query')
  .addHelpText('before', exampleText(examples.query))
  .description('Run one SELECT over the tables of a run: forecasts, server_risk, server_clusters')
  .argument('<run>', 'run folder')
  .argument('<sql>', 'one SELECT statement')
  .addOption(sharedOptions.json().conflicts('csv'))
  .option('--csv', 'write CSV to stdout')
  .addOption(sharedOptions.bom())
  .addOption(sharedOptions.queryMemoryLimit())
  .action(async (run: string, sql: string, options) => (await import('./query-command.ts')).runQuery(run, sql, options))

program
  .command('open')
  .addHelpText('before', exampleText(examples.open))
  .description('Open a run folder, forecasts or a link in the window')
  .argument('<target>', 'run folder, Parquet file, folder of Parquet files, or headroom:// link')
  .action(async (target: string) => (await import('./open-command.ts')).runOpen(target, __dirname))

withConnection(program.command('export'))
  .addHelpText('before', exampleText(examples.export))
  .description('Export a run as a report, tickets, metrics or statements for Athena, or a history as a pack for board and auditor')
  .argument('<run>', 'run folder; for the pack a folder of runs, or an s3:// prefix of them')
  .addOption(
    new Option(
      '--format <format>',
      'report; tickets to import; metrics for the textfile collector; statements for Athena; pack of a history (HTML and PDF, or PPTX by the ending of --out)',
    )
      .choices([...reportFormats, ...ticketFormats, 'prometheus', 'ddl', 'pack'])
      .makeOptionMandatory(),
  )
  .option('--download <dir>', 'pack of s3://: keep the runs in this folder, and download only new ones')
  .option('--location <s3 address>', 'with ddl: bucket and prefix of the run, s3://BUCKET/PREFIX')
  .option('--out <file>', 'new file (default: RUN.FORMAT in the working folder)', outputPath)
  .option('--author <name>', 'who makes the report (default: the name of the system user)')
  .option('--approver <name>', 'with pack: who approves it (default: a line to sign on)')
  .option('--title <text>', 'with pack: its title (default: the name of the plan, or else of the folder)')
  .addOption(sharedOptions.asOf())
  .addOption(sharedOptions.bom())
  .addOption(sharedOptions.force())
  .action(async (run: string, options) => (await import('./export-command.ts')).runExport(run, options))

addDecisionCommands(program)
addCollectCommands(program)
addCloudCommands(program)

const main = async (): Promise<void> => {
  endOnSignals()
  try {
    await program.parseAsync(process.argv)
  } catch (thrown) {
    // The output's failure is what stopped the work, and has been reported.
    if (hasLostOutput()) return
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
