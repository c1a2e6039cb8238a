// The table of collect commands: each source loads its own file when it runs.
import { InvalidArgumentError, Option, type Command } from 'commander'
import {
  attributeColumns,
  cloudWatchMetricSchema,
  cloudWatchStatistics,
  knownNamespaces,
  prometheusQuerySchema,
  type AttributeNames,
  type CloudWatchMetric,
  type CloudWatchRequest,
  type PrometheusQuery,
} from '../../src-shared/sources/source-requests.ts'
import { collect, exampleText, integerBetween, nonNegativeNumber, outputPath, sharedOptions } from './options.ts'

const examples = {
  cloudwatch: [
    'collect cloudwatch --out fleet.parquet --run run',
    'collect cloudwatch --profile production --region eu-west-1 --region us-east-1 --days 400 --out fleet.parquet',
    'collect cloudwatch --attribute business_unit=Team --out fleet.parquet --extend',
  ],
  prometheus: [
    'collect prometheus --url http://prometheus:9090 --out fleet.parquet --run run',
    `collect prometheus --url http://prometheus:9090 --query 'cpu_p95=quantile_over_time(0.95, cpu_busy_percent[1h] offset -1h)' --out fleet.parquet`,
    'collect prometheus --url http://prometheus:9090 --out fleet.parquet --extend',
  ],
} as const

const collectQueries = (text: string, previous: readonly PrometheusQuery[]): PrometheusQuery[] => {
  const at = text.indexOf('=')
  const parsed = prometheusQuerySchema.safeParse({ metric: text.slice(0, Math.max(0, at)).trim(), query: text.slice(at + 1).trim() })
  if (parsed.success) return [...previous, parsed.data]
  throw new InvalidArgumentError('METRIC=PROMQL is needed, such as cpu_p95=... for percent by the hour.')
}

const collectAttributes = (text: string, previous: AttributeNames): AttributeNames => {
  const at = text.indexOf('=')
  const column = attributeColumns.find((name) => name === text.slice(0, at))
  if (column !== undefined && text.length > at + 1) return { ...previous, [column]: text.slice(at + 1) }
  throw new InvalidArgumentError(`COLUMN=NAME is needed, with one of the columns ${attributeColumns.join(', ')}.`)
}

const instant = (text: string): string => {
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('A day or a time in UTC is needed, such as 2027-02-28 or 2027-02-28T12:00:00Z.')
}

type Namespace = CloudWatchRequest['namespaces'][number]

const collectNamespaces = (text: string, previous: readonly Namespace[]): Namespace[] => {
  const known = knownNamespaces.find((name) => name === text)
  if (known !== undefined) return [...previous, known]
  throw new InvalidArgumentError(`Choose from ${knownNamespaces.join(', ')}; other metrics are named with --cloudwatch-metric.`)
}

/** The namespace may hold colons. */
const collectMetrics = (text: string, previous: readonly CloudWatchMetric[]): CloudWatchMetric[] => {
  const [, namespace, metric, dimension] = /^(.+):([^:]+):([^:]+)$/.exec(text) ?? []
  const parsed = cloudWatchMetricSchema.safeParse({ namespace, metric, dimension })
  if (parsed.success) return [...previous, parsed.data]
  throw new InvalidArgumentError('NAMESPACE:METRIC:DIMENSION is needed, such as AWS/ECS:CPUUtilization:ServiceName.')
}

const attributeOption = (source: 'label' | 'tag'): Option =>
  new Option(`--attribute <column=${source}>`, `${source} of a column of the servers table; repeatable`)
    .argParser(collectAttributes)
    .default({}, 'by the names')

/** What is collected, where it goes and what becomes of it. */
const withOutput = (command: Command): Command =>
  command
    .requiredOption('--out <file>', 'new Parquet file; the servers table goes to FILE.servers.csv', outputPath)
    .option('--until <time>', 'end of the measurements, in UTC (default: now)', instant)
    .option('--extend', 'add to FILE what is missing up to --until')
    .addOption(sharedOptions.force())
    .option('--estimate', 'say what there is and what it takes, then stop')
    .option('--run <dir>', 'forecast and analyse what was collected, into this new run folder', outputPath)
    .addOption(sharedOptions.config())
    .addOption(sharedOptions.set())
    .addOption(sharedOptions.timeZone())
    .addOption(sharedOptions.memoryLimit())
    .addOption(sharedOptions.json())
    .addOption(sharedOptions.quietWarnings())

export const addCollectCommands = (program: Command): void => {
  const group = program
    .command('collect')
    .description('Collect measurements from a monitoring system into one file')
    .addHelpText('before', exampleText(Object.values(examples).map(([first]) => first)))

  withOutput(
    group
      .command('prometheus')
      .addHelpText('before', exampleText(examples.prometheus))
      .addHelpText(
        'after',
        '\nThe credentials come from the environment: HEADROOM_PROMETHEUS_TOKEN, or HEADROOM_PROMETHEUS_USER and HEADROOM_PROMETHEUS_PASSWORD.',
      )
      .description('Collect from Prometheus, Mimir, Thanos or VictoriaMetrics')
      .requiredOption('--url <address>', 'address of the server, with its path')
      .addOption(
        new Option('--query <metric=promql>', 'query of a metric by the hour; repeatable')
          .argParser(collectQueries)
          .default([], 'busy CPU and memory of node_exporter'),
      )
      .option('--label <name>', 'label with the name of the server (default: instance, else node)')
      .option('--days <n>', 'days to collect', integerBetween(1, 3650), 90)
      .addOption(attributeOption('label'))
      .option('--tenant <id>', 'tenant (X-Scope-OrgID)')
      .option('--ca-bundle <file>', 'PEM certificates to trust (default: AWS_CA_BUNDLE)'),
  ).action(async (options) => (await import('./collect/collect-prometheus-command.ts')).runCollectPrometheus(options))

  withOutput(
    group
      .command('cloudwatch')
      .addHelpText('before', exampleText(examples.cloudwatch))
      .description('Collect from Amazon CloudWatch: EC2, its agent, RDS and other services')
      .option('--profile <name>', 'AWS profile; repeatable (default: AWS_PROFILE, the environment, the default profile)', collect, [])
      .option('--region <name>', 'AWS region; repeatable (default: that of the profile)', collect, [])
      .option('--allow-credential-process', 'allow a profile to run its credential_process')
      .addOption(
        new Option('--namespace <name>', `one of ${knownNamespaces.join(', ')}; repeatable`)
          .argParser(collectNamespaces)
          .default([], 'AWS/EC2 and CWAgent'),
      )
      .addOption(
        new Option('--cloudwatch-metric <namespace:metric:dimension>', 'another metric, and the dimension with its server; repeatable')
          .argParser(collectMetrics)
          .default([], 'none'),
      )
      .addOption(new Option('--period <step>', 'hour or day').choices(['hour', 'day']).default('hour'))
      .addOption(new Option('--statistic <name>', 'of the samples within a period').choices(cloudWatchStatistics).default('p95'))
      .option('--days <n>', 'days to collect', integerBetween(1, 455), 90)
      .option('--cost-limit <usd>', 'refuse a collect with a higher cost', nonNegativeNumber, 5)
      .addOption(attributeOption('tag')),
  ).action(async (options) => (await import('./collect/collect-cloudwatch-command.ts')).runCollectCloudWatch(options))
}
