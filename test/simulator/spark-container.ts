// The Spark processing container: what smspark-submit takes, its script run by a local PySpark, s3:// addresses as folders of this machine.
import { spawn, spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { kmsKeyArn, type Account } from './account.ts'
import type { RunningContainer } from './container.ts'
import type { ProcessingRequest } from './processing-limits.ts'
import { defaultChecksum, etagOf, storeObject } from './s3-objects.ts'

export const isSparkImage = (uri: string): boolean => uri.includes('/sagemaker-spark-processing:')

/** The script with its arguments, addresses and container paths already those of this machine. */
export interface SparkCommand {
  readonly script: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Of configuration.json's spark-defaults. */
  readonly properties: Readonly<Record<string, string>>
  /** For what Spark does not fit into memory. */
  readonly scratch: string
  readonly onLine: (line: string) => void
}

/** Runs it; replaced where a test has no PySpark. */
export type SparkRunner = (command: SparkCommand) => RunningContainer

/** Ends of a job that the container itself decides. */
export class SparkError extends Error {}

/** What a role needs for one object. */
export type RoleCheck = (
  action: 's3:GetObject' | 's3:PutObject' | 's3:DeleteObject' | 's3:ListBucket' | 'kms:Decrypt' | 'kms:GenerateDataKey',
  resource: string,
) => void

export interface SparkJob {
  readonly account: Account
  readonly request: ProcessingRequest
  /** What the first host sees as /opt/ml. */
  readonly ml: string
  readonly folder: string
  readonly checkRole: RoleCheck
  readonly onLine: (line: string) => void
}

const submitProgram = 'smspark-submit'
const submitOptions = new Set(['--py-files', '--files', '--jars', '--local-spark-event-logs-dir'])

export const startSpark = async (
  job: SparkJob,
  run: SparkRunner,
): Promise<RunningContainer & { readonly saveOutputs: () => Promise<void> }> => {
  const { account, request, ml, folder, checkRole, onLine } = job
  const { ContainerEntrypoint: [program, ...rest] = [submitProgram], ContainerArguments: args = [] } = request.AppSpecification
  if (program !== submitProgram) throw new SparkError(`exec: "${program}": executable file not found in $PATH`)
  while (submitOptions.has(rest[0] ?? '')) rest.splice(0, 2)
  const [app, ...tokens] = [...rest, ...args]
  if (app === undefined || app.startsWith('-'))
    throw new SparkError(`Usage: smspark-submit [OPTIONS] APP [APP_ARGUMENTS]; no such option: ${app}`)
  // It joins all words and gives them to a shell.
  const unsafeToken = tokens.find((token) => !/^[\w./:@%+,=-]+$/.test(token))
  if (unsafeToken !== undefined) throw new SparkError(`/bin/sh: syntax error near ${unsafeToken}`)
  const local = (text: string): string => text.replaceAll('/opt/ml', ml)
  const script = local(app)
  await readFile(script).catch(() => {
    throw new SparkError(`File ${app} does not exist`)
  })
  const { 'spark-defaults': properties, 'core-site': storage } = await readConfiguration(
    join(ml, 'processing', 'input', 'conf', 'configuration.json'),
  )
  const kmsKey = s3aKey(account, storage)
  if (request.NetworkConfig?.EnableNetworkIsolation === true)
    throw new SparkError('Unable to execute HTTP request: s3: Name or service not known')
  const root = join(folder, 's3')
  const before = await downloadInputs(account, tokens, root, checkRole)
  const container = run({
    script,
    args: tokens.map((token) => local(token).replaceAll('s3://', `${root}/`)),
    environment: Object.fromEntries(Object.entries(request.Environment ?? {}).map(([name, value]) => [name, local(value)])),
    properties,
    scratch: folder,
    onLine,
  })
  return { ...container, saveOutputs: () => uploadOutputs(account, root, before, kmsKey, checkRole) }
}

/** Of those that the image knows, the ones that may matter here. */
const classifications = new Set(['core-site', 'hadoop-env', 'spark-defaults', 'spark-env', 'spark-log4j', 'yarn-site'])

type Properties = Readonly<Record<string, string>>

const readConfiguration = async (path: string): Promise<Record<'spark-defaults' | 'core-site', Properties>> => {
  const text = await readFile(path, 'utf8').catch(() => '[]')
  const entries = JSON.parse(text) as { Classification: string; Properties: Record<string, string> }[]
  const unknown = entries.find(({ Classification }) => !classifications.has(Classification))
  if (unknown !== undefined) throw new SparkError(`Invalid classification: ${unknown.Classification}`)
  const of = (name: string): Properties =>
    Object.assign({}, ...entries.filter(({ Classification }) => Classification === name).map(({ Properties }) => Properties))
  return { 'spark-defaults': of('spark-defaults'), 'core-site': of('core-site') }
}

/** The image maps s3:// to S3A, which reads its own names only. */
const s3aKey = (account: Account, storage: Properties): string | undefined => {
  const key = storage['fs.s3a.server-side-encryption.key']
  return storage['fs.s3a.server-side-encryption-algorithm'] === 'SSE-KMS' && key !== undefined ? kmsKeyArn(account, key) : undefined
}

/** Objects at and below the addresses among the words; gives their bytes by path. */
const downloadInputs = async (
  account: Account,
  tokens: readonly string[],
  root: string,
  checkRole: RoleCheck,
): Promise<Map<string, Buffer>> => {
  const downloaded = new Map<string, Buffer>()
  for (const token of tokens) {
    const [, name, prefix] = /s3:\/\/([^/]+)\/(.*)$/.exec(token) ?? []
    if (name === undefined || prefix === undefined) continue
    checkRole('s3:ListBucket', `arn:aws:s3:::${name}`)
    for (const [key, { body, kmsKey }] of account.buckets.get(name)?.objects ?? []) {
      if (key !== prefix && !key.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)) continue
      checkRole('s3:GetObject', `arn:aws:s3:::${name}/${key}`)
      if (kmsKey !== undefined) checkRole('kms:Decrypt', kmsKey)
      const path = join(root, name, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, body)
      downloaded.set(`${name}/${key}`, body)
    }
  }
  return downloaded
}

/** Files that were written during the job are in the bucket, also after a failure. */
const uploadOutputs = async (
  account: Account,
  root: string,
  before: ReadonlyMap<string, Buffer>,
  kmsKey: string | undefined,
  checkRole: RoleCheck,
): Promise<void> => {
  const removed = new Set(before.keys())
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
    // Checksums of Hadoop's local files.
    if (!entry.isFile() || entry.name.endsWith('.crc')) continue
    const path = join(entry.parentPath, entry.name)
    const location = path.slice(root.length + 1)
    removed.delete(location)
    const body = await readFile(path)
    if (before.get(location)?.equals(body) === true) continue
    const [name, ...key] = location.split('/')
    checkRole('s3:PutObject', `arn:aws:s3:::${location}`)
    // Spark writes under a temporary key first.
    checkRole('s3:DeleteObject', `arn:aws:s3:::${location}`)
    if (kmsKey !== undefined) checkRole('kms:GenerateDataKey', kmsKey)
    storeObject(account.buckets.get(name!)!, key.join('/'), body, defaultChecksum(body), new Date(), etagOf(body), kmsKey)
  }
  for (const location of removed) {
    const [name, ...key] = location.split('/')
    checkRole('s3:DeleteObject', `arn:aws:s3:::${location}`)
    account.buckets.get(name!)!.objects.delete(key.join('/'))
  }
}

const python = process.env['HEADROOM_PYTHON'] ?? 'python3'

/** Why no script can be run here; undefined where PySpark and Java are. */
export const findMissingSpark = (): string | undefined => {
  if (spawnSync('java', ['-version'], { stdio: 'ignore' }).status !== 0) return 'Java is not installed'
  const { status } = spawnSync(python, ['-c', 'import pyspark'], { stdio: 'ignore' })
  return status === 0 ? undefined : `${python} has no PySpark`
}

/** This machine has fewer processors and less memory than the simulated ones. */
const hostDependentProperties = /^spark\.(driver\.memory|executor\..*|sql\.shuffle\.partitions)$/

export const runLocalSpark: SparkRunner = ({ script, args, environment, properties, scratch, onLine }) => {
  const missing = findMissingSpark()
  if (missing !== undefined) onLine(`smspark-submit: ${missing}; the simulated account cannot run Spark here`)
  const settings = Object.entries(properties).flatMap(([name, value]) =>
    hostDependentProperties.test(name) ? [] : ['--conf', `${name}=${value}`],
  )
  const submit = `--master local[2] --driver-memory 3g ${settings.join(' ')} --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=8 --conf spark.local.dir=${scratch}`
  const [command, rest] = missing === undefined ? [python, [script, ...args]] : ['false', []]
  const { PATH = '', JAVA_HOME } = process.env
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: scratch,
    env: { PATH, ...(JAVA_HOME === undefined ? {} : { JAVA_HOME }), ...environment, PYSPARK_SUBMIT_ARGS: `${submit} pyspark-shell` },
  })
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine)
  const exit = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)))
  })
  return { stop: (signal) => child.kill(signal), exit }
}
