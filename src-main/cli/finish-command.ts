// headroom finish: completes a run from Spark output, in this process or in shards.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { HeadroomError, wireErrorSchema } from '../../src-shared/run/errors.ts'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'
import { finishInShards, runShardStep, type ShardStarter } from '../engine/spark/finish-in-shards.ts'
import { finishSparkRun } from '../engine/spark/finish-spark-run.ts'
import { parseMemoryLimit } from '../engine/resource-limits.ts'
import { shardSteps, type Shard, type ShardStep } from '../../src-shared/run/shard-steps.ts'
import { describeFindings } from './analyze-command.ts'
import { createProgressView, print, runCancellable } from './terminal.ts'

export interface FinishOptions {
  readonly out?: string
  readonly events?: string
  readonly runId?: string
  readonly threads?: number
  readonly memoryLimit?: string
  readonly shards?: number
  readonly shard?: Shard
  readonly step?: ShardStep | 'merge'
  readonly shardFolder?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runFinish = async (stage: string, options: FinishOptions): Promise<void> => {
  const { step } = options
  assertOptions(options)
  if (step !== undefined && step !== 'merge') return runStep(stage, step, options)
  const view = createProgressView(options)
  try {
    const { out: folder, events: eventsTable, runId, threads, memoryLimit, shards, shardFolder } = options
    const out = folder!
    const request = { sparkOutput: stage, out, eventsTable, runId, threads, memoryLimit }
    const { manifest, events } = await runCancellable((signal) => {
      const work = { signal, onEvent: view.show }
      return shards === undefined
        ? finishSparkRun(request, work)
        : finishInShards({ ...request, shards, shardFolder }, step === 'merge' ? null : shardStarter(stage, shards, options), work)
    })
    view.end()
    if (options.json !== true) print(describeFindings(manifest, events, out))
  } catch (thrown) {
    view.end()
    throw thrown
  }
}

/** Throws usage where options contradict each other. */
const assertOptions = ({ step, shard, shards, out, shardFolder }: FinishOptions): void => {
  const isStep = step !== undefined && step !== 'merge'
  const refuse = (message: string, next: string): never => {
    throw new HeadroomError('usage', message, { next })
  }
  if (isStep && shard === undefined) refuse(`The step ${step} needs the shard.`, 'Name it with --shard, such as --shard 1/3.')
  if (!isStep && shard !== undefined)
    refuse('A shard does one step at a time.', `Name it with --step: ${shardSteps.join(', ')}. All steps together: --shards.`)
  if (isStep && shards !== undefined) refuse('A single step has one shard.', 'Leave out --shards; --shard 1/3 says how many there are.')
  if (isStep && out !== undefined) refuse('A single step writes no run folder.', 'Leave out --out; --step merge writes it.')
  if (step === 'merge' && shards === undefined) refuse('The number of shards is missing.', 'Name it with --shards.')
  if (!isStep && out === undefined) refuse('The run folder is missing.', 'Name a new folder with --out.')
  if (shardFolder !== undefined && !isStep && shards === undefined)
    refuse('A shard folder needs shards.', 'Name their number with --shards.')
}

const runStep = async (stage: string, step: ShardStep, options: FinishOptions): Promise<void> => {
  const { events: eventsTable, threads, memoryLimit, shardFolder } = options
  const shard = options.shard!
  const request = { sparkOutput: stage, eventsTable, threads, memoryLimit, shardFolder, step, shard }
  await runCancellable((signal) => runShardStep(request, { signal }))
  if (options.json !== true && options.quiet !== true) print(`Shard ${shard.number} of ${shard.count}: ${step} done.`)
}

const minShardThreads = 2
const minShardMb = 512

/** Starts this program again for each shard. Without other settings the shards share the processors, and the memory of one analysis. */
const shardStarter = (stage: string, shards: number, options: FinishOptions): ShardStarter => {
  const threads = options.threads ?? Math.max(minShardThreads, Math.floor(availableParallelism() / shards))
  const memoryLimit = options.memoryLimit ?? `${Math.max(minShardMb, Math.floor(parseMemoryLimit(undefined) / 1e6 / shards))}MB`
  const shared = [
    '--threads',
    String(threads),
    '--memory-limit',
    memoryLimit,
    '--json',
    ...(options.events === undefined ? [] : ['--events', options.events]),
    ...(options.shardFolder === undefined ? [] : ['--shard-folder', options.shardFolder]),
  ]
  return (step, { number, count }, signal) =>
    runChild(['finish', stage, '--step', step, '--shard', `${number}/${count}`, ...shared], signal)
}

/** Runs a command of this program in a process of its own. Throws its error. */
const runChild = (args: readonly string[], signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-maxOutput)))
    // Its handler of the signal removes what it was writing.
    const stop = (): void => void child.kill('SIGTERM')
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve()
      else reject(signal.aborted ? new HeadroomError('cancelled', 'Cancelled.') : (failureOf(output) ?? childEnded(args, code, killedBy)))
    })
  })

const maxOutput = 100_000

/** The error that the process reports in its last line. */
const failureOf = (output: string): HeadroomError | undefined => {
  const line = tryParseJson(output.trim().split('\n').at(-1) ?? '')
  const error = wireErrorSchema.safeParse((line as { error?: unknown } | undefined)?.error)
  if (!error.success) return undefined
  const { code, message, next, sql } = error.data
  return new HeadroomError(code, message, { ...(next === undefined ? {} : { next }), ...(sql === undefined ? {} : { sql }) })
}

const childEnded = (args: readonly string[], code: number | null, killedBy: NodeJS.Signals | null): HeadroomError =>
  new HeadroomError(
    'engine-crashed',
    `The process of headroom ${args.slice(0, 6).join(' ')} ended before its time (${killedBy ?? `exit code ${code}`}).`,
    { next: 'Run the same command again: complete shards are kept. If memory ran out, name a lower --memory-limit or fewer --shards.' },
  )
