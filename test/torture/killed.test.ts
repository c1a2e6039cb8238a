// Processes killed without warning at random points: what was there before is whole, what was acknowledged is kept, and the next start goes on.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDecisions } from '../../src-main/notes/decisions.ts'
import { verifyRunFolder } from '../../src-main/run-folder/read-run-folder.ts'
import { readSettingsFile } from '../../src-main/shell/settings/settings-file.ts'
import { filesInManifest, runFiles } from '../../src-shared/run/run-manifest.ts'
import { filesBelow, openCloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'
import { buildProgram } from '../fixtures/build-program.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { ensurePackedEngine } from '../fixtures/packed-engine.ts'
import { headroom, headroomDone, startHeadroom } from '../fixtures/run-headroom.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { randomFor, pickOne, rounds, tally } from '../fixtures/torture.ts'

let folder: string
let fleet: SampleRun
let target: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-killed-'))
  fleet = await makeSampleFleet(60)
  await headroomDone(['analyze', fleet.forecasts, '--out', fleet.run, '--quiet'])
  target = await buildProgram('kill-target', folder)
}, 120_000)
afterAll(async () => {
  await Promise.all([fleet.remove(), rm(folder, { recursive: true })])
})

const ended = (child: ChildProcess): Promise<void> => new Promise((hasFinished) => void child.once('exit', () => hasFinished()))
const completeRun = [...filesInManifest, runFiles.manifest].sort()
const isWhole = async (run: string): Promise<boolean> => (await verifyRunFolder(run)).files.every(({ state }) => state === 'ok')

/** Starts the target; gives what it acknowledged once it was killed. */
const killedAfter = async (milliseconds: number, ...args: string[]): Promise<number> => {
  const child = spawn(process.execPath, [target, ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd: process.cwd() })
  let printed = ''
  let isWarm = (): void => undefined
  const warm = new Promise<void>((hasFinished) => (isWarm = hasFinished))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    isWarm()
  })
  await Promise.race([warm, ended(child)])
  await pause(milliseconds)
  child.kill('SIGKILL')
  await new Promise<void>((hasFinished) => void child.once('close', () => hasFinished()))
  return Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1))
}

test('while it writes settings: the last acknowledged are there, or the ones after', { timeout: 600_000 }, async () => {
  const kills = rounds(4, 100)
  const chance = randomFor('settings')
  const path = join(folder, 'settings.json')
  let next = 0
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await killedAfter(chance() * 60, 'settings', path, String(next))
    const { analysis, queryHistory } = await readSettingsFile(path)
    const number = Number(analysis['number'])
    expect([acknowledged, acknowledged + 1]).toContain(number)
    expect(queryHistory).toEqual(Array.from({ length: 50 }, () => `SELECT ${number}`))
    next = number + 1
  }
  expect((await readdir(folder)).filter((name) => name.startsWith('settings.json.'))).toEqual([])
  tally('kills survived: settings', kills)
})

test('while it saves decisions of a run: no acknowledged decision is lost', { timeout: 600_000 }, async () => {
  const kills = rounds(3, 60)
  const chance = randomFor('decisions')
  const run = join(folder, 'notes-run')
  await cp(fleet.run, run, { recursive: true })
  let next = 0
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await killedAfter(chance() * 60, 'decisions', run, String(next))
    const saved = (await readDecisions(run)).length
    expect([acknowledged + 1, acknowledged + 2]).toContain(saved)
    next = saved
  }
  tally('kills survived: decisions', kills)
})

test('four processes that decide about one run at once lose nothing', { timeout: 120_000 }, async () => {
  const run = join(folder, 'shared-run')
  await cp(fleet.run, run, { recursive: true })
  const each = rounds(10, 60)
  const writers = ['a', 'b', 'c', 'd'].map((name) =>
    ended(spawn(process.execPath, [target, 'decisions', run, '0', name, String(each)], { stdio: ['ignore', 'ignore', 'inherit'] })),
  )
  await Promise.all(writers)
  expect((await readDecisions(run)).map(({ server_id }) => server_id).sort()).toEqual(
    ['a', 'b', 'c', 'd'].flatMap((name) => Array.from({ length: each }, (_, index) => `${name}-${index}`)).sort(),
  )
})

test('two windows and a command line on one run: every answer is right and every decision kept', { timeout: 120_000 }, async () => {
  const windows = [new EngineChild(), new EngineChild()]
  try {
    for (const engine of windows) expect(await engine.call('run.open', { folder: fleet.run })).toHaveProperty('value.counts.servers', 60)
    const times = rounds(5, 40)
    const decisions = windows.flatMap((engine, index) =>
      Array.from({ length: times }, (_, time) =>
        engine.call('decisions.save', {
          folder: fleet.run,
          decisions: [{ server_id: `w${index}-${time}`, recommendation: 'retire', verdict: 'dismissed', reason: 'needed' }],
        }),
      ),
    )
    const commands = Array.from({ length: 3 }, () => startHeadroom(['verify', fleet.run]).result)
    expect(await Promise.all(decisions)).toEqual(decisions.map(() => ({ value: {} })))
    for (const { code, stdout } of await Promise.all(commands))
      expect([code, stdout]).toEqual([0, expect.stringContaining('All 11 files agree')])
    expect(await readDecisions(fleet.run)).toHaveLength(2 * times)
  } finally {
    for (const engine of windows) engine.stop()
  }
})

describe('an analysis', () => {
  test.each(['a new folder', 'an empty folder'])(
    'into %s is whole or not there, and can be made again',
    { timeout: 900_000 },
    async (position) => {
      const kills = rounds(2, 40)
      const chance = randomFor(position)
      const parent = join(folder, position.replaceAll(' ', '-'))
      const run = join(parent, 'run')
      await mkdir(position === 'a new folder' ? parent : run, { recursive: true })
      const args = ['analyze', fleet.forecasts, '--out', run, '--quiet', '--set', 'breach_probability=false']
      const startedAt = performance.now()
      await headroomDone(args)
      const takes = performance.now() - startedAt
      for (let kill = 0; kill < kills; kill++) {
        await rm(run, { recursive: true })
        if (position === 'an empty folder') await mkdir(run)
        // Twice, so that a killed start meets what another one left.
        for (let time = 0; time < 2; time++) {
          const running = startHeadroom(args)
          await pause(chance() * takes * 1.1)
          running.process.kill('SIGKILL')
          await running.result
          const isThere = existsSync(join(run, runFiles.manifest))
          expect(isThere ? await isWhole(run) : position === 'an empty folder' || !existsSync(run)).toBe(true)
        }
        const { code, stderr } = await headroom(args)
        expect(code === 0 || /is not empty\.$/m.test(stderr)).toBe(true)
        expect([await isWhole(run), (await readdir(run)).sort(), (await readdir(parent)).sort()]).toEqual([true, completeRun, ['run']])
      }
      tally('kills survived: analyses', kills * 2)
    },
  )
})

test.each(['html', 'xlsx', 'csv'])('an export as %s is the old file or the new one', { timeout: 600_000 }, async (format) => {
  const kills = rounds(2, 20)
  const chance = randomFor(format)
  const out = join(folder, `report.${format}`)
  const args = ['export', fleet.run, '--format', format, '--out', out, '--force']
  const startedAt = performance.now()
  await headroomDone(args)
  const takes = performance.now() - startedAt
  const { length } = await readFile(out)
  for (let kill = 0; kill < kills; kill++) {
    if (kill % 2 === 0) await rm(out)
    const running = startHeadroom(args)
    await pause(takes * (0.5 + chance() * 0.6))
    running.process.kill('SIGKILL')
    await running.result
    const found = existsSync(out) ? (await readFile(out)).length : null
    expect([length, kill % 2 === 0 ? null : length]).toContain(found)
    if (found === null) await headroomDone(args)
  }
  tally('kills survived: exports', kills)
})

test('a launch, its transfers and its way home: one job, and the run comes home whole', { timeout: 1_200_000 }, async () => {
  await ensurePackedEngine()
  const chance = randomFor('launch')
  const launchRecords = rounds(1, 8)
  let kills = 0
  for (let cloudRun = 0; cloudRun < launchRecords; cloudRun++) {
    const workspace = await openCloudCliWorkspace()
    try {
      const resultsFolder = join(workspace.folder, 'home-run')
      let args = ['launch', fleet.forecasts, '--wait', '--download', 'home-run']
      for (let attempt = 0; attempt < rounds(2, 4); attempt++) {
        const running = workspace.start(...args)
        await pause(300 + chance() * pickOne(chance, [800, 2500, 5000]))
        const isOver = running.process.exitCode !== null
        running.process.kill('SIGKILL')
        await running.result
        if (isOver) break
        kills += 1
        expect([...workspace.simulator.account.jobs.keys()].length).toBeLessThan(2)
        expect(!existsSync(resultsFolder) || (await isWhole(resultsFolder))).toBe(true)
        const { jobs } = JSON.parse((await workspace.cloud('jobs', '--json')).stdout) as { jobs: { runId: string }[] }
        // Killed before the launch was written down: nothing of it may be in the account.
        expect(jobs.length > 0 || workspace.simulator.account.jobs.size === 0).toBe(true)
        if (jobs.length > 0) args = ['launch', '--resume', jobs[0]!.runId, '--wait', '--download', 'home-run']
      }
      expect(existsSync(resultsFolder) ? '' : (await workspace.cloud(...args)).stderr).not.toMatch(/^Error/m)
      expect(workspace.simulator.account.jobs.size).toBe(1)
      expect((await filesBelow(resultsFolder)).size).toBe(completeRun.length)
      expect(await isWhole(resultsFolder)).toBe(true)
    } finally {
      await workspace.close()
    }
  }
  expect(kills).toBeGreaterThan(0)
  tally('kills survived: launches, uploads and downloads', kills)
})
