// Completes a run from Spark output in shards: single steps of a shard, and all of them as processes that a caller starts (decision 61).
import { setMaxListeners } from 'node:events'
import { resolve } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { Database } from '../../database/database.ts'
import type { AnalysisResult, AnalysisWork, LongWork } from '../analysis-request.ts'
import { databaseMemory, parseMemoryLimit } from '../resource-limits.ts'
import { completeSparkRun, type FinishSparkRequest } from './finish-spark-run.ts'
import { readSparkEvents } from './load-spark-output.ts'
import { measureShard } from './measure-shard.ts'
import { mergeMeasured, mergeSimulated } from './merge-shards.ts'
import { findMissingShards, openShardFolder, removeShards, requireShards, writeShard, type ShardFolder } from './shard-folder.ts'
import { shardSteps, type Shard, type ShardStep } from '../../../src-shared/run/shard-steps.ts'
import { calibrateShard, simulateShard } from './simulate-shard.ts'
import { readSparkOutputNotes, type SparkOutputNotes } from './spark-output.ts'

interface ShardSettings {
  /** Where the shards leave their results; in the Spark output by default. */
  readonly shardFolder?: string | undefined
}

export interface ShardStepRequest
  extends ShardSettings, Pick<FinishSparkRequest, 'sparkOutput' | 'eventsTable' | 'threads' | 'memoryLimit'> {
  readonly step: ShardStep
  readonly shard: Shard
}

/** Does one step of one shard. What another process has left of it is replaced. Throws HeadroomError, also where a shard lacks the step before. */
export const runShardStep = async (request: ShardStepRequest, { signal }: Pick<LongWork<never>, 'signal'> = {}): Promise<void> => {
  const { step, shard, eventsTable, threads, memoryLimit } = request
  const sparkOutput = resolve(request.sparkOutput)
  const notes = await readSparkOutputNotes(sparkOutput)
  const folder = await openCheckedFolder(sparkOutput, notes, request.shardFolder, eventsTable)
  const measured = step === 'measure' ? [] : await requireShards(folder, 'measure', shard.count)
  const calibrated = step === 'simulate' ? await requireShards(folder, 'calibrate', shard.count) : []
  await writeShard(folder, step, shard, async (target, spillFolder) => {
    const databaseLimit = databaseMemory(parseMemoryLimit(memoryLimit))
    const database = await Database.open({ threads, memoryLimit: databaseLimit, spillFolder, signal })
    try {
      const work = { sparkOutput, notes, shard, measured, signal }
      if (step === 'measure') await measureShard(database, sparkOutput, notes, eventsTable, shard, target)
      else if (step === 'calibrate') await calibrateShard(database, work, target)
      else await simulateShard(database, work, calibrated, target)
    } finally {
      database.close()
    }
  })
}

/** Throws what an events table that cannot be read is refused with. */
const openCheckedFolder = async (
  sparkOutput: string,
  notes: SparkOutputNotes,
  shardFolder: string | undefined,
  eventsTable: string | undefined,
): Promise<ShardFolder> => {
  if (eventsTable !== undefined) await readSparkEvents(eventsTable, notes)
  return openShardFolder(sparkOutput, shardFolder, eventsTable)
}

/** Starts the process of a step of a shard, and waits for it. */
export type ShardStarter = (step: ShardStep, shard: Shard, signal: AbortSignal) => Promise<void>

export interface FinishInShardsRequest extends FinishSparkRequest, ShardSettings {
  readonly shards: number
}

/**
 * Like `finishSparkRun`, with the same bytes. Steps that no shard folder holds are done by processes of `start`, one for each shard at once; without it
 * they are refused. The results of the shards are removed when the run is complete.
 */
export const finishInShards = async (
  { shards: count, shardFolder, ...request }: FinishInShardsRequest,
  start: ShardStarter | null,
  work: AnalysisWork = {},
): Promise<AnalysisResult> => {
  const sparkOutput = resolve(request.sparkOutput)
  const notes = await readSparkOutputNotes(sparkOutput)
  const folder = await openCheckedFolder(sparkOutput, notes, shardFolder, request.eventsTable)
  const complete = async (step: ShardStep): Promise<string[]> => {
    if (start !== null) await startMissing(folder, step, count, start, work.signal)
    return requireShards(folder, step, count)
  }
  if (start === null) for (const step of shardSteps) await requireShards(folder, step, count)
  const result = await completeSparkRun(
    request,
    work,
    {
      measure: async (database, config, fleet, seriesPath) =>
        mergeMeasured(database, config, fleet, await complete('measure'), seriesPath!, work.signal),
      simulate: async (database, task, signal, onThreadsAlone) => {
        onThreadsAlone()
        return mergeSimulated(database, task, await complete('calibrate'), await complete('simulate'), signal)
      },
    },
    'checked',
  )
  await removeShards(folder, count)
  return result
}

/** The first failure ends the others. */
const startMissing = async (
  folder: ShardFolder,
  step: ShardStep,
  count: number,
  start: ShardStarter,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const missing = await findMissingShards(folder, step, count)
  const stop = new AbortController()
  // Every process listens.
  setMaxListeners(0, stop.signal)
  const abort = (): void => stop.abort()
  signal?.addEventListener('abort', abort)
  try {
    const started = missing.map(async (shard) => {
      try {
        await start(step, shard, stop.signal)
      } catch (thrown) {
        stop.abort()
        throw thrown
      }
    })
    const failures = (await Promise.allSettled(started)).flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    )
    if (signal?.aborted === true) throw cancelled(folder)
    const isCancelled = (thrown: unknown): boolean => thrown instanceof HeadroomError && thrown.code === 'cancelled'
    if (failures.length > 0) throw failures.find((thrown) => !isCancelled(thrown)) ?? failures[0]
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

const cancelled = ({ path }: ShardFolder): HeadroomError =>
  new HeadroomError('cancelled', 'Cancelled.', { next: `Complete shards stay in ${path}: the same command goes on with them.` })
