// headroom finish in shards: processes of their own, options that contradict each other, and a shard that is killed.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { frozenFleet } from '../fixtures/fleets.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { headroom, headroomDone, startHeadroom } from '../fixtures/run-headroom.ts'
import { writeSparkOutput } from '../fixtures/spark-output-on-duckdb.ts'

let workspace: ForecastWorkspace
let sparkOutput: string
let whole: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  sparkOutput = await writeSparkOutput({
    inputs: [frozenFleet.forecasts],
    serversTable: frozenFleet.servers,
    out: join(workspace.folder, 'spark'),
    config: {},
  })
  whole = join(workspace.folder, 'whole')
  await headroomDone(['finish', sparkOutput, '--out', whole, '--quiet'])
})
afterAll(async () => workspace.close())

const differencesOf = async (run: string): Promise<string[]> => {
  const names = (await readdir(whole)).filter((name) => name !== runFiles.manifest && name !== runFiles.summary)
  expect(names).toHaveLength(10)
  const same = await Promise.all(names.map(async (name) => (await readFile(join(whole, name))).equals(await readFile(join(run, name)))))
  return names.filter((_, index) => !same[index])
}

test('three processes leave the bytes of one, and nothing else', async () => {
  const out = join(workspace.folder, 'three')
  const { result } = startHeadroom(['finish', sparkOutput, '--shards', '3', '--out', out, '--quiet'])
  expect(await result).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`Run folder: ${out}`) })
  expect(await differencesOf(out)).toEqual([])
  expect(await readdir(sparkOutput)).not.toContain('shards')
})

describe.skipIf(process.platform !== 'linux')('a process of a shard that is killed (skipped outside of Linux)', () => {
  /** Processes that this one has started. */
  const childrenOf = async (pid: number): Promise<number[]> => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const stats = await Promise.all(pids.map(async (name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')))
    return pids.filter((_, index) => /\) \S (\d+)/.exec(stats[index]!)?.[1] === String(pid)).map(Number)
  }

  test('ends the run with one sentence; the same command completes it', async () => {
    const out = join(workspace.folder, 'killed')
    const command = ['finish', sparkOutput, '--shards', '3', '--out', out, '--quiet']
    const { process: running, result } = startHeadroom(command)
    let children: number[] = []
    while (children.length < 3 && running.exitCode === null) {
      await pause(5)
      children = await childrenOf(running.pid!)
    }
    process.kill(children[1]!, 'SIGKILL')
    const { code, stderr } = await result
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Error: The process of headroom finish \S+ --step measure --shard \d\/3 ended before its time \(SIGKILL\)\.\nRun the same command again: complete shards are kept\./,
    )
    expect((await readdir(workspace.folder)).filter((name) => name.includes('killed'))).toEqual([])
    expect((await startHeadroom(command).result).code).toBe(0)
    expect(await differencesOf(out)).toEqual([])
    expect(await readdir(sparkOutput)).not.toContain('shards')
  })
})

describe('options', () => {
  const refused = async (...options: string[]): Promise<string> => {
    const { code, stderr, stdout } = await headroom(['finish', sparkOutput, ...options])
    expect([code, stdout]).toEqual([2, ''])
    return stderr
  }

  test.each(['4/3', '0/3', '1', '1/0', 'a/b', '1/2000'])('the shard %s is refused', async (shard) => {
    expect(await refused('--step', 'measure', '--shard', shard)).toMatch(
      /^Error: option '--shard <k\/n>' argument '.*' is invalid\. A shard such as 1\/3 is needed: its number, and how many there are\./,
    )
  })

  test.each<[string, string[], RegExp]>([
    ['a step without its shard', ['--step', 'measure'], /The step measure needs the shard\.\nName it with --shard/],
    [
      'a shard without its step',
      ['--shard', '1/3', '--out', 'r'],
      /A shard does one step at a time\.\nName it with --step: measure, calibrate, simulate\./,
    ],
    ['a step with a number of shards', ['--step', 'simulate', '--shard', '1/3', '--shards', '3'], /A single step has one shard\./],
    ['a step with a run folder', ['--step', 'measure', '--shard', '1/3', '--out', 'r'], /A single step writes no run folder\./],
    [
      'a merge without the number of shards',
      ['--step', 'merge', '--out', 'r'],
      /The number of shards is missing\.\nName it with --shards\./,
    ],
    ['no run folder', ['--shards', '3'], /The run folder is missing\.\nName a new folder with --out\./],
    ['a shard folder alone', ['--shard-folder', 's', '--out', 'r'], /A shard folder needs shards\./],
    ['no shards', ['--shards', '0', '--out', 'r'], /A whole number from 1 to 1000 is needed\./],
  ])('%s', async (_, options, message) => {
    expect(await refused(...options)).toMatch(message)
  })
})
