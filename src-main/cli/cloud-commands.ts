// The table of cloud commands: each loads its own file, and with it the AWS SDK, when it runs.
import { Option, type Command } from 'commander'
import { engineKinds, processingLimits } from '../../src-shared/cloud/cloud-settings.ts'
import { maxShards } from '../../src-shared/run/shard-steps.ts'
import { setupFormats } from '../../src-shared/cloud/setup-formats.ts'
import { collect, exampleText, integerBetween, positiveNumber, sharedOptions, withReadingOptions } from './options.ts'

const examples = {
  preflight: ['cloud preflight s3://bucket/forecasts/ --bucket bucket --role arn:aws:iam::123456789012:role/SageMaker'],
  launch: [
    'cloud launch forecasts.parquet --config config.yaml --wait --download run',
    'cloud launch s3://bucket/forecasts/ --engine spark --instances 20 --config config.yaml --wait --download run',
    'cloud launch --resume 20270315094210a1b2c3 --wait',
  ],
  setup: ['cloud setup --format terraform --bucket capacity-data --account 123456789012 --region eu-west-1 > headroom.tf'],
  schedule: ["cloud schedule 20270315094210a1b2c3 --at 'cron(0 6 * * ? *)' --time-zone Europe/Berlin > schedule.json"],
  download: ['cloud download headroom-20270315094210a1b2c3 run', 'cloud download s3://bucket/risk_analysis/ module05-run'],
} as const

/** Credentials and region. */
export const withConnection = (command: Command): Command =>
  command
    .option('--profile <name>', 'AWS profile, or PROFILE@ACCOUNT/ROLE (default: AWS_PROFILE, the environment, the default profile)')
    .option('--region <name>', 'AWS region')
    .option('--allow-credential-process', 'allow the profile to run its credential_process')
    .addOption(sharedOptions.json())

/** Where a job runs, and its limits. */
const withSettings = (command: Command): Command =>
  withReadingOptions(
    withConnection(command)
      .option('--config <file>', "YAML with settings and a cloud section, or the pipeline's config.yaml")
      .option('--bucket <name>', 'bucket for engine, inputs and runs, or an access point')
      .option('--bucket-owner <account>', 'account that owns the bucket (default: yours)')
      .option('--prefix <path>', 'S3 prefix in the bucket (headroom)')
      .option('--role <arn>', 'execution role of the job')
      .addOption(new Option('--engine <kind>', 'compute on a single instance or a Spark cluster').choices(engineKinds).default('single'))
      .option('--instances <n>', 'instances of the Spark cluster (4)', integerBetween(1, processingLimits.instances))
      .option('--shards <n>', 'after Spark: processes that complete the run (1)', integerBetween(1, maxShards))
      .option('--instance-type <types>', 'instance type, or up to five with commas: the first with capacity (default: by input size)')
      .option('--image <uri>', "container image (default: the region's scikit-learn image)")
      .option('--volume <gb>', 'volume in GB (30)', positiveNumber)
      .option('--max-runtime <seconds>', 'stop the job after this time (3600)', positiveNumber)
      .option('--cost-limit <usd>', 'refuse launches with a higher or unknown cost (10); none: no limit', costLimit)
      .addOption(new Option('--cost-ceiling <usd>').argParser(costLimit).hideHelp())
      .option('--kms-key <id>', 'KMS key for volume, uploads and outputs')
      .option('--subnet <id>', 'subnet of the VPC; repeatable', collect, [])
      .option('--security-group <id>', 'security group of the VPC; repeatable', collect, [])
      .option('--no-network-isolation', 'allow network access for the container')
      .option('--tag <key=value>', 'tag of the job; repeatable', collect, [])
      .addOption(sharedOptions.servers())
      .addOption(sharedOptions.events())
      .addOption(sharedOptions.projects())
      .addOption(sharedOptions.drivers())
      .addOption(sharedOptions.catalogue())
      .addOption(sharedOptions.method())
      .addOption(sharedOptions.model())
      .addOption(sharedOptions.set()),
  )
    .option('--python-module <script>', 'run this script of --project instead of the engine')
    .option('--project <dir>', 'folder with src and config of the Python module', '.')
    .option('--argument <text>', 'further argument of the Python module, as --argument=TEXT; repeatable', collect, [])
    .option('--wheels <dir>', 'install these wheels for the Python module, without a network')
    .option('--output-prefix <path>', 'folder in the bucket for the outputs of the Python module (risk_analysis)')
    .option('--env <key=value>', 'environment variable of the Python module, no secrets; repeatable', collect, [])

const costLimit = (text: string): number | 'none' => (text === 'none' ? text : positiveNumber(text))

/** As many as requests are under way at once. */
const fileThreads = 16

export const addCloudCommands = (program: Command): void => {
  const cloud = program
    .command('cloud')
    .description('Run the analysis as an Amazon SageMaker Processing job')
    // Each file that is flushed to the disk holds a thread. Node reads the number when its first one starts, which is later.
    .hook('preAction', () => void (process.env['UV_THREADPOOL_SIZE'] ??= String(fileThreads)))

  withSettings(cloud.command('preflight'))
    .addHelpText('before', exampleText(examples.preflight))
    .description('Check everything that a launch needs, without changing anything')
    .argument('[input...]', 'S3 prefix, or local files and folders (default: forecasts of --config)')
    .action(async (inputs: string[], options) => (await import('./cloud/preflight-command.ts')).runPreflight(inputs, options))

  withSettings(cloud.command('launch'))
    .addHelpText('before', exampleText(examples.launch))
    .description('Upload missing files and start one job')
    .argument('[input...]', 'S3 prefix, or local files and folders (default: forecasts of --config)')
    .option('--resume <run>', 'resume an interrupted launch')
    .option('--skip-checks', 'launch without the checks of preflight')
    .option('--wait', 'follow the job to its end, with its log')
    .option('--download <dir>', 'download the run into this folder (requires --wait)')
    .option('--on-end <command>', 'run this command when the run has ended or failed (requires --wait)')
    .addOption(new Option('--fetch <dir>').hideHelp())
    .addOption(sharedOptions.quiet())
    .action(async (inputs: string[], options) => (await import('./cloud/launch-command.ts')).runLaunch(inputs, options))

  withConnection(cloud.command('setup'))
    .addHelpText('before', exampleText(examples.setup))
    .description('Print bucket, role and policies for cloud runs; applies nothing')
    .addOption(new Option('--format <kind>', 'what to print').choices(setupFormats).makeOptionMandatory())
    .requiredOption('--bucket <name>', 'bucket for engine, inputs and runs')
    .option('--account <id>', 'account ID (default: that of the credentials)')
    .option('--prefix <path>', 'S3 prefix in the bucket', 'headroom')
    .option('--forecasts <path>', 'S3 prefix of the forecasts', 'forecasts')
    .option('--role-name <name>', 'name of the execution role', 'HeadroomProcessing')
    .option('--kms-key <arn>', 'KMS key for volume, uploads and outputs')
    .option('--vpc', 'jobs run in a VPC')
    .option('--spark', 'jobs run on a Spark cluster, too')
    .action(async (options) => (await import('./cloud/setup-command.ts')).runSetup(options))

  withConnection(cloud.command('schedule'))
    .addHelpText('before', exampleText(examples.schedule))
    .description('Print a schedule that repeats a launched run; applies nothing')
    .argument('<run>', 'run ID or job name of a launch of this machine')
    .requiredOption('--at <expression>', 'schedule expression of EventBridge: cron(...) or rate(...)')
    .option('--time-zone <name>', 'time zone of the expression', 'UTC')
    .option('--topic <arn>', 'SNS topic that is told of each end')
    .action(async (run: string, options) => (await import('./cloud/schedule-command.ts')).runSchedule(run, options))

  withConnection(cloud.command('watch'))
    .description('Follow a job: status, progress and log')
    .argument('<job>', 'run ID or job name')
    .action(async (job: string, options) => (await import('./cloud/watch-command.ts')).runWatch(job, options))

  withConnection(cloud.command('logs'))
    .description('Print the log of a job')
    .argument('<job>', 'run ID or job name')
    .option('--search <text>', 'print matching lines only')
    .option('--follow', 'follow the log until the job ends')
    .action(async (job: string, options) => (await import('./cloud/logs-command.ts')).runLogs(job, options))

  withConnection(cloud.command('stop'))
    .description('Stop a job')
    .argument('<job>', 'run ID or job name')
    .action(async (job: string, options) => (await import('./cloud/stop-command.ts')).runStop(job, options))

  for (const name of ['download', 'fetch']) {
    withConnection(cloud.command(name, { hidden: name === 'fetch' }))
      .addHelpText('before', exampleText(examples.download))
      .description('Download a run and verify it')
      .argument('<job>', 'run ID, job name, or s3:// prefix of a run')
      .argument('<dir>', 'new folder')
      .addOption(sharedOptions.quiet())
      .action(async (job: string, folder: string, options) =>
        (await import('./cloud/download-command.ts')).runDownload(job, folder, options),
      )
  }

  withConnection(cloud.command('sign-in'))
    .description('Sign in with IAM Identity Center, like aws sso login')
    .option('--device', 'confirm a code on any device instead of in this browser')
    .action(async (options) => (await import('./cloud/sign-in-command.ts')).runSignIn(options))

  cloud
    .command('accounts')
    .description('List the accounts and roles of a sign-in, as names for --profile')
    .option('--profile <name>', 'AWS profile with IAM Identity Center (default: AWS_PROFILE, the default profile)')
    .addOption(sharedOptions.json())
    .action(async (options) => (await import('./cloud/accounts-command.ts')).runAccounts(options))

  cloud
    .command('profiles')
    .description('List the profiles of the shared AWS files')
    .addOption(sharedOptions.json())
    .action(async (options) => (await import('./cloud/profiles-command.ts')).runProfiles(options))

  withConnection(cloud.command('prices'))
    .description('Show the prices of processing jobs in the region')
    .option('--update', "read them from AWS's price list; needs pricing:GetProducts")
    .action(async (options) => (await import('./cloud/prices-command.ts')).runPrices(options))

  withConnection(cloud.command('roles'))
    .description('List the roles that SageMaker may assume')
    .action(async (options) => (await import('./cloud/roles-command.ts')).runRoles(options))

  withConnection(cloud.command('jobs'))
    .description('List jobs, wherever they were started')
    .option('--all', 'list all processing jobs of the account')
    .option('--limit <n>', 'list so many jobs of the account, the newest (100)', integerBetween(1, 10_000))
    .action(async (options) => (await import('./cloud/jobs-command.ts')).runJobs(options))
}
