// The words of `headroom cloud`: commands and their options; what they do is loaded when one of them is used.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { analysisMethods } from '../../src-shared/config/analysis-config.ts'
import { engineKinds, processingLimits } from '../../src-shared/cloud/cloud-settings.ts'

const examples = {
  preflight: ['cloud preflight s3://bucket/forecasts/ --bucket bucket --role arn:aws:iam::123456789012:role/SageMaker'],
  launch: [
    'cloud launch forecasts.parquet --config config.yaml --wait --fetch run',
    'cloud launch s3://bucket/forecasts/ --engine spark --instances 20 --config config.yaml --wait --fetch run',
    'cloud launch --resume 20270315094210a1b2c3 --wait',
  ],
  fetch: ['cloud fetch headroom-20270315094210a1b2c3 run', 'cloud fetch s3://bucket/risk_analysis/ original-run'],
} as const

const exampleText = (lines: readonly string[]): string => `Examples:\n${lines.map((line) => `  headroom ${line}\n`).join('')}`

const collect = (value: string, previous: string[]): string[] => [...previous, value]

const positiveNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('A number above 0 is needed.')
}

const instanceCount = (text: string): number => {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= processingLimits.instances) return value
  throw new InvalidArgumentError(`A whole number from 1 to ${processingLimits.instances} is needed.`)
}

/** Who asks, and where. */
const withConnection = (command: Command): Command =>
  command
    .option('--profile <name>', 'AWS profile; otherwise AWS_PROFILE, the environment, the default profile')
    .option('--region <name>', 'AWS region')
    .option('--allow-credential-process', 'let the profile run its credential_process')
    .option('--json', 'as JSON on stdout')

/** Where a job runs and what it may cost. */
const withSettings = (command: Command): Command =>
  withConnection(command)
    .option('--config <file>', "YAML with settings and a cloud section, or the pipeline's config.yaml")
    .option('--bucket <name>', 'bucket for engine, inputs and runs')
    .option('--prefix <path>', 'folder in the bucket (headroom)')
    .option('--role <arn>', 'execution role of the job')
    .addOption(
      new Option('--engine <kind>', 'one machine, or Spark on several for sets that outgrow one').choices(engineKinds).default('single'),
    )
    .option('--instances <n>', 'machines of the Spark job (4)', instanceCount)
    .option('--instance-type <type>', "machine; otherwise by the input's size")
    .option('--image <uri>', "container image; otherwise the region's scikit-learn image")
    .option('--volume <gb>', 'volume in GB (30)', positiveNumber)
    .option('--max-runtime <seconds>', 'the job is stopped after so long (3600)', positiveNumber)
    .option('--cost-ceiling <usd>', 'refuse launches that could cost more (10)', positiveNumber)
    .option('--kms-key <id>', 'key for volume, uploads and outputs')
    .option('--subnet <id>', 'subnet of the VPC to run in; may be repeated', collect, [])
    .option('--security-group <id>', 'security group in it; may be repeated', collect, [])
    .option('--no-network-isolation', 'let the container reach the network')
    .option('--tag <key=value>', 'tag of the job; may be repeated', collect, [])
    .option('--servers <file>', 'CSV or Parquet with server_id and groups, costs, sizes')
    .option('--events <file>', 'CSV with from, to, servers or group, effect and note of one-off events')
    .addOption(new Option('--method <name>', 'headroom or module05').choices(analysisMethods).default('headroom'))
    .option('--model <name>', 'force one model for all series')
    .option('--set <key=value>', 'set one analysis key; may be repeated', collect, [])
    .option('--python-module <script>', 'run this script of --project instead of the engine')
    .option('--project <dir>', 'folder with src and config of the Python module', '.')

const loadActions = () => import('./cloud-actions.ts')

export const addCloudCommands = (program: Command): void => {
  const cloud = program.command('cloud').description('the same analysis as an Amazon SageMaker Processing job')

  withSettings(cloud.command('preflight'))
    .addHelpText('before', exampleText(examples.preflight))
    .description('check everything that a launch needs, and change nothing')
    .argument('[input...]', "S3 prefix, or local files and folders; otherwise the config's forecasts")
    .action(async (inputs: string[], options) => (await loadActions()).runPreflight(inputs, options))

  withSettings(cloud.command('launch'))
    .addHelpText('before', exampleText(examples.launch))
    .description('upload what is missing and start one job')
    .argument('[input...]', "S3 prefix, or local files and folders; otherwise the config's forecasts")
    .option('--resume <run>', 'go on with a launch that was broken off')
    .option('--wait', 'follow the job to its end')
    .option('--fetch <dir>', 'bring the run home into this folder (needs --wait)')
    .option('--quiet', 'no progress')
    .action(async (inputs: string[], options) => (await loadActions()).runLaunch(inputs, options))

  withConnection(cloud.command('watch'))
    .description('follow a job: status, log, progress')
    .argument('<job>', 'run id or job name')
    .action(async (job: string, options) => (await loadActions()).runWatch(job, options))

  withConnection(cloud.command('logs'))
    .description("print a job's log")
    .argument('<job>', 'run id or job name')
    .option('--search <text>', 'only lines that contain this')
    .option('--follow', 'until the job ends')
    .action(async (job: string, options) => (await loadActions()).runLogs(job, options))

  withConnection(cloud.command('stop'))
    .description('stop a job')
    .argument('<job>', 'run id or job name')
    .action(async (job: string, options) => (await loadActions()).runStop(job, options))

  withConnection(cloud.command('fetch'))
    .addHelpText('before', exampleText(examples.fetch))
    .description('bring a run home and verify it')
    .argument('<job>', 'run id, job name, or s3:// prefix of any earlier run')
    .argument('<dir>', 'folder to make')
    .option('--quiet', 'no progress')
    .action(async (job: string, folder: string, options) => (await loadActions()).runDownload(job, folder, options))

  withConnection(cloud.command('sign-in'))
    .description('sign a profile in through IAM Identity Center, as aws sso login does')
    .option('--device', 'confirm a code on any device instead of coming back from this browser')
    .action(async (options) => (await loadActions()).runSignIn(options))

  cloud
    .command('profiles')
    .description('list the profiles of the shared AWS files')
    .option('--json', 'as JSON on stdout')
    .action(async (options) => (await loadActions()).runProfiles(options))

  withConnection(cloud.command('roles'))
    .description('list the roles that a job can run as: those that SageMaker may assume')
    .action(async (options) => (await loadActions()).runRoles(options))

  withConnection(cloud.command('jobs'))
    .description('list launches, those started elsewhere too')
    .option('--all', "every processing job of the account, not Headroom's alone")
    .action(async (options) => (await loadActions()).runJobs(options))
}
