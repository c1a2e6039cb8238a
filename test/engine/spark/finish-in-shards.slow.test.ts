// A run completed from Spark output in shards has the bytes of one completed by a single process; a shard that is missing is named.
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  finishInShards,
  runShardStep,
  type FinishInShardsRequest,
  type ShardStarter,
} from '../../../src-main/engine/spark/finish-in-shards.ts'
import { finishSparkRun, type FinishSparkRequest } from '../../../src-main/engine/spark/finish-spark-run.ts'
import type { SparkPlanRequest } from '../../../src-main/engine/spark/plan-spark-job.ts'
import { shardSteps, type ShardStep } from '../../../src-shared/run/shard-steps.ts'
import { writeSampleFleet } from '../../../src-main/sample/write-sample-fleet.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { planetlab } from '../../fixtures/fleets.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { writeSparkOutput } from '../../fixtures/spark-output-on-duckdb.ts'

let workspace: ForecastWorkspace
let small: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  // Two metrics, series without horizon, with gaps, without bounds, with too short a backtest; volumes, whose growth is measured.
  small = await workspace.writeQuery(
    'small.parquet',
    `WITH points AS (
       SELECT 'host-' || lpad(s::VARCHAR, 2, '0') AS server_id, metric, model, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS "timestamp", s, d,
              CASE metric WHEN 'disk_used_percent' THEN 20 + s * 2 + d * 0.3 ELSE 35 + 4 * s + 6 * sin(d / 5.0 + s) + ((d * 7 + s * 3) % 5) END AS value,
              CASE model WHEN 'prophet' THEN 2.0 ELSE -1.5 END + ((d * 13 + s * 5) % 7) / 3.0 AS error
       FROM range(14) a(s), range(120) b(d), (VALUES ('cpu_p95'), ('disk_used_percent')) c(metric), (VALUES ('prophet'), ('xgboost')) e(model)
     )
     SELECT server_id, metric, model, "timestamp", CASE WHEN d < 90 AND NOT (s = 8 AND d % 11 = 0) THEN value END AS actual,
            CASE WHEN s = 3 AND d % 17 = 0 THEN NULL ELSE value + error END AS predicted,
            CASE WHEN s <> 5 THEN value + error - 5 END AS yhat_lower, CASE WHEN s <> 5 THEN value + error + 5 END AS yhat_upper
     FROM points
     WHERE NOT (s = 2 AND d < 80) AND NOT (s = 4 AND d >= 90) AND NOT (s = 7 AND d < 88)`,
  )
})
afterAll(async () => workspace.close())

let outputs = 0
const newFolder = (name: string): string => join(workspace.folder, `${name}-${(outputs += 1)}`)
const sparkOutputOf = (inputs: string, request: Partial<SparkPlanRequest> = {}): Promise<string> =>
  writeSparkOutput({ inputs: [inputs], out: newFolder('spark'), config: {}, ...request })

let smallOutput: Promise<string> | undefined
/** A copy of the Spark output of `small` with the usual settings. */
const sparkOutputOfSmall = async (): Promise<string> => {
  smallOutput ??= sparkOutputOf(small)
  const copy = newFolder('copy')
  await cp(await smallOutput, copy, { recursive: true, preserveTimestamps: true })
  return copy
}

const completeWhole = async (request: Omit<FinishSparkRequest, 'out'>): Promise<string> => {
  const whole = newFolder('whole')
  await finishSparkRun({ ...request, out: whole })
  return whole
}

let smallWhole: Promise<string> | undefined
/** The run that one process completes from it. */
const wholeOfSmall = (): Promise<string> => (smallWhole ??= sparkOutputOfSmall().then((sparkOutput) => completeWhole({ sparkOutput })))

/** Does the steps in this process, and notes them. */
const startHere =
  (request: Omit<FinishInShardsRequest, 'shards' | 'out'>, started: string[] = []): ShardStarter =>
  async (step, shard, signal) => {
    started.push(`${step} ${shard.number}/${shard.count}`)
    await runShardStep({ ...request, step, shard }, { signal })
  }

/** Every file of a run but the manifest, without the time of the analysis. */
const filesOf = async (run: string): Promise<Map<string, string>> => {
  const names = (await readdir(run)).filter((name) => name !== runFiles.manifest)
  const contents = await Promise.all(names.map(async (name) => readFile(join(run, name), 'latin1')))
  return new Map(names.map((name, index) => [name, contents[index]!.replace(/"analyzed_at": "[^"]*"/, '')]))
}

/** Names of the files whose bytes differ; all where a file is missing. */
const differencesOf = async (run: string, other: string): Promise<string[]> => {
  const [files, otherFiles] = [await filesOf(run), await filesOf(other)]
  expect(files.size).toBe(11)
  expect([...otherFiles.keys()]).toEqual([...files.keys()])
  return [...files].filter(([name, content]) => otherFiles.get(name) !== content).map(([name]) => name)
}

/** Completes a run in one process and in shards. */
const differencesInShards = async (
  request: Omit<FinishSparkRequest, 'out'>,
  shards: number,
  one: Promise<string> = completeWhole(request),
): Promise<string[]> => {
  const [whole, inShards] = [await one, newFolder('shards')]
  const { manifest } = await finishInShards({ ...request, out: inShards, shards }, startHere(request))
  expect(manifest.counts.total_servers).toBeGreaterThan(0)
  expect(await readdir(request.sparkOutput)).not.toContain('shards')
  return differencesOf(whole, inShards)
}

describe('three shards leave the bytes of one process', () => {
  test('two metrics with every kind of series', async () => {
    expect(await differencesInShards({ sparkOutput: await sparkOutputOfSmall() }, 3, wholeOfSmall())).toEqual([])
  })

  test('past and future events, a forced model, the conservative basis, a tight memory limit', async () => {
    const events = await workspace.writeText(
      'events.csv',
      'from,to,servers,metric,effect,note\n2026-02-10,2026-02-12,*,cpu_p95,,Fair\n2026-04-05,2026-04-20,host-0*,cpu_p95,40 %,Merger\n',
    )
    const sparkOutput = await sparkOutputOf(small, { config: { basis: 'conservative', n_clusters: 'auto', seed: 7 }, model: 'prophet' })
    expect(await differencesInShards({ sparkOutput, eventsTable: events, memoryLimit: '400MB' }, 3)).toEqual([])
  })

  test('without breach probabilities', async () => {
    expect(await differencesInShards({ sparkOutput: await sparkOutputOf(small, { config: { breach_probability: false } }) }, 2)).toEqual([])
  })

  test('more shards than servers, and one shard alone', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    expect(await differencesInShards({ sparkOutput }, 20, wholeOfSmall())).toEqual([])
    expect(await differencesInShards({ sparkOutput }, 1, wholeOfSmall())).toEqual([])
  })

  test('the sample fleet', async () => {
    const fleet = join(workspace.folder, 'sample.parquet')
    const { serversTable } = await writeSampleFleet({ servers: 150, out: fleet, granularity: 'daily', end: '2026-11-22', seed: 5 }, {})
    expect(await differencesInShards({ sparkOutput: await sparkOutputOf(fleet, { serversTable }) }, 3)).toEqual([])
  })

  test.skipIf(!planetlab.isAvailable)(`the PlanetLab fleet${planetlab.skipNote}`, async () => {
    expect(await differencesInShards({ sparkOutput: await sparkOutputOf(planetlab.forecasts) }, 3)).toEqual([])
  })
})

describe('single steps', () => {
  const doSteps = async (sparkOutput: string, steps: readonly ShardStep[], shardFolder?: string): Promise<void> => {
    for (const step of steps)
      for (const number of [1, 2, 3]) await runShardStep({ sparkOutput, shardFolder, step, shard: { number, count: 3 } })
  }
  const merge = (sparkOutput: string, out: string, more: Partial<FinishInShardsRequest> = {}): Promise<unknown> =>
    finishInShards({ sparkOutput, out, shards: 3, ...more }, null).catch((error: unknown) => error)

  test('done one by one, with their results elsewhere, merge to the same bytes', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    const [whole, merged, shardFolder] = [await wholeOfSmall(), newFolder('merged'), newFolder('results')]
    await doSteps(sparkOutput, shardSteps, shardFolder)
    await merge(sparkOutput, merged, { shardFolder })
    expect(await differencesOf(whole, merged)).toEqual([])
    expect(await readdir(workspace.folder)).not.toContain(shardFolder)
  })

  test('a shard that is missing is named, with the command that does it, and no run folder is left', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    const out = newFolder('never')
    await doSteps(sparkOutput, ['measure'])
    await rm(join(sparkOutput, 'shards', 'measure-2-of-3'), { recursive: true })
    const calibrated = runShardStep({ sparkOutput, step: 'calibrate', shard: { number: 1, count: 3 } })
    await expect(calibrated).rejects.toMatchObject({
      code: 'input-not-found',
      message: 'Shard 2 of 3 is not measured yet.',
      next: `Run this first: headroom finish ${sparkOutput} --step measure --shard 2/3`,
    })
    expect(await merge(sparkOutput, out)).toMatchObject({ message: 'Shard 2 of 3 is not measured yet.' })
    await doSteps(sparkOutput, ['measure'])
    expect(await merge(sparkOutput, out)).toMatchObject({ message: 'Shard 1 of 3 is not calibrated yet.' })
    expect((await readdir(workspace.folder)).filter((name) => name.includes('never'))).toEqual([])
  })

  test('results of other events are refused, and done again by the run that needs them', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    await doSteps(sparkOutput, ['measure'])
    const eventsTable = await workspace.writeText('fair.csv', 'from,to,servers,metric,effect,note\n2026-02-10,2026-02-12,*,cpu_p95,,Fair\n')
    expect(await merge(sparkOutput, newFolder('never'), { eventsTable })).toMatchObject({
      code: 'input-changed',
      message: expect.stringMatching(/^Shard 1 of 3 was measured from other Spark output, with other events, or by another version/),
    })
    const started: string[] = []
    const request = { sparkOutput, eventsTable }
    const out = newFolder('with-events')
    await finishInShards({ ...request, out, shards: 3 }, startHere(request, started), {})
    expect(started.slice(0, 3)).toEqual(['measure 1/3', 'measure 2/3', 'measure 3/3'])
    expect(await differencesOf(await completeWhole(request), out)).toEqual([])
  })

  test('complete shards are kept, and those that are damaged are done again', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    await doSteps(sparkOutput, ['measure', 'calibrate'])
    const shards = join(sparkOutput, 'shards')
    await truncate(join(shards, 'measure-3-of-3', 'residuals'), 100)
    await rename(join(shards, 'calibrate-1-of-3'), join(shards, '.calibrate-1-of-3.0'))
    await writeFile(join(shards, 'note.txt'), 'of another program')
    const started: string[] = []
    const out = newFolder('again')
    await finishInShards({ sparkOutput, out, shards: 3 }, startHere({ sparkOutput }, started))
    expect(started).toEqual(['measure 3/3', 'calibrate 1/3', 'simulate 1/3', 'simulate 2/3', 'simulate 3/3'])
    expect(await differencesOf(await wholeOfSmall(), out)).toEqual([])
    expect(await readdir(shards)).toContain('note.txt')
  })

  test('a step that fails ends the run with its error', async () => {
    const sparkOutput = await sparkOutputOfSmall()
    const out = newFolder('never')
    const start: ShardStarter = async (step, shard, signal) => {
      if (step === 'calibrate' && shard.number === 2) throw new Error('no more room')
      await runShardStep({ sparkOutput, step, shard }, { signal })
    }
    await expect(finishInShards({ sparkOutput, out, shards: 3 }, start)).rejects.toThrow('no more room')
    expect((await readdir(join(sparkOutput, 'shards'))).filter((name) => name.startsWith('measure'))).toHaveLength(3)
    expect((await readdir(workspace.folder)).filter((name) => name.includes('never'))).toEqual([])
  })
})
