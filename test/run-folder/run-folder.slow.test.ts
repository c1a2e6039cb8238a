// A run folder comes into being whole or not at all, and says afterwards whether it is as it was written.
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesInManifest, runFiles } from '../../src-shared/run/run-manifest.ts'
import { currentOwner } from '../../src-main/run-folder/process-owner.ts'
import { headroom, headroomDone, startHeadroom, type RunningCommand } from '../fixtures/run-headroom.ts'
import { makeSampleFleet, makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

const complete = [...filesInManifest, runFiles.manifest].sort()

let small: SampleRun
/** Large enough that its analysis takes seconds. */
let large: SampleRun
let folder: string

beforeAll(async () => {
  ;[small, large] = await Promise.all([makeSampleRun(12), makeSampleFleet(400)])
  folder = await mkdtemp(join(tmpdir(), 'headroom-run-folder-'))
})
afterAll(async () => {
  await Promise.all([small.remove(), large.remove(), rm(folder, { recursive: true })])
})

const analyze = (out: string, forecasts = small.forecasts): string[] => ['analyze', forecasts, '--out', join(folder, out), '--quiet']
const names = async (path: string): Promise<string[]> => (await readdir(join(folder, path))).sort()

/** Waits until an analysis has made a file (its owner's by default) in its `.partial` folder. */
const appeared = async (partial: string, file?: string): Promise<void> => {
  const isThere = async (): Promise<boolean> => {
    const present = await readdir(join(folder, partial), { recursive: true }).catch(() => [])
    return present.some((name) => (file === undefined ? name.startsWith('owner-') : basename(name) === file))
  }
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A `.partial` folder as an analysis has it, with files of a run; returns the folder of the files. */
const writePartial = async (partial: string, owner: object, files?: string): Promise<string> => {
  const nonce = randomUUID()
  const staging = join(folder, partial, nonce)
  await mkdir(staging, { recursive: true })
  await writeFile(join(folder, partial, `owner-${nonce}.json`), JSON.stringify({ ...currentOwner(nonce), ...owner }))
  if (files !== undefined) await cp(files, staging, { recursive: true })
  return staging
}
const ended = { pid: 4_194_303 }
/** A container on this machine: its processes cannot be seen from here. */
const elsewhere = { pid_namespace: 'pid:[1]' }

describe('the output folder', () => {
  test('that does not exist is made, with the folders above it', async () => {
    await headroomDone(analyze('new/deep/run'))
    expect(await names('new/deep')).toEqual(['run'])
    expect(await names('new/deep/run')).toEqual(complete)
  })

  test('that is there and empty is filled in place, the manifest last', async () => {
    await mkdir(join(folder, 'mount'))
    const { ino } = await stat(join(folder, 'mount'))
    await headroomDone(analyze('mount'))
    expect(await names('mount')).toEqual(complete)
    expect((await stat(join(folder, 'mount'))).ino).toBe(ino)
    const changedAt = async (name: string): Promise<number> => (await stat(join(folder, 'mount', name))).ctimeMs
    const others = await Promise.all(filesInManifest.map(changedAt))
    expect(await changedAt(runFiles.manifest)).toBeGreaterThanOrEqual(Math.max(...others))
  })

  test('that holds anything is refused with exit code 2 and left alone', async () => {
    await mkdir(join(folder, 'full'))
    await writeFile(join(folder, 'full', 'notes.txt'), 'mine')
    const { code, stdout, stderr } = await headroom(analyze('full'))
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error: The output folder ${join(folder, 'full')} is not empty.\nName a new folder with --out; runs are never overwritten.\n`,
    })
    expect(await names('full')).toEqual(['notes.txt'])
  })

  test('that is a file is refused with exit code 2', async () => {
    await writeFile(join(folder, 'file'), 'mine')
    const { code, stderr } = await headroom(analyze('file'))
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `Error: ${join(folder, 'file')} is a file, not a folder.\nName a new folder with --out.\n`,
    })
  })

  test('that cannot be made is refused with exit code 2', async () => {
    await writeFile(join(folder, 'wall'), '')
    const { code, stderr } = await headroom(analyze('wall/run'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Error: The output folder .*wall\/run cannot be made\.\nChoose a folder/)
  })

  test('of a refused set is gone, and with it the folders that were made above it', async () => {
    await mkdir(join(folder, 'kept'))
    expect((await headroom(analyze('kept/made/run', join(folder, 'nowhere.parquet')))).code).toBe(3)
    expect(await names('kept')).toEqual([])
  })

  test('that was there before a refused set stays, empty', async () => {
    await mkdir(join(folder, 'still'))
    expect((await headroom(analyze('still', join(folder, 'nowhere.parquet')))).code).toBe(3)
    expect(await names('still')).toEqual([])
  })
})

describe('what a killed analysis leaves', () => {
  const killedProcess = async (out: string, partial: string): Promise<void> => {
    const running = startHeadroom(analyze(out, large.forecasts))
    await appeared(partial, runFiles.flaggedForecasts)
    running.process.kill('SIGKILL')
    await running.result
    await appeared(partial, runFiles.flaggedForecasts)
  }

  test('next to the output is swept by the next start', async () => {
    await killedProcess('killed', 'killed.partial')
    await headroomDone(analyze('killed'))
    expect(existsSync(join(folder, 'killed.partial'))).toBe(false)
    expect(await names('killed')).toEqual(complete)
  })

  test('inside an empty output is swept by the next start', async () => {
    await mkdir(join(folder, 'killed-mount'))
    await killedProcess('killed-mount', 'killed-mount/.partial')
    await headroomDone(analyze('killed-mount'))
    expect(await names('killed-mount')).toEqual(complete)
  })

  test('while it moved its files into place is swept as well', async () => {
    await writePartial('moving/.partial', ended, small.run)
    await cp(join(small.run, runFiles.summary), join(folder, 'moving', runFiles.summary))
    await headroomDone(analyze('moving'))
    expect(await names('moving')).toEqual(complete)
  })

  test('of a whole run does not hide that the output is not empty', async () => {
    await cp(small.run, join(folder, 'whole'), { recursive: true })
    await writePartial('whole/.partial', ended, small.run)
    await writePartial('whole.partial', ended)
    expect((await headroom(analyze('whole'))).code).toBe(2)
    expect(await names('whole')).toEqual(complete)
    expect(existsSync(join(folder, 'whole.partial'))).toBe(false)
  })

  test('by version 1 is swept', async () => {
    await mkdir(join(folder, 'old.partial'))
    await writeFile(join(folder, 'old.partial', 'owner.json'), '{"pid":4194303}')
    await writeFile(join(folder, 'old.partial', runFiles.summary), '{}')
    await headroomDone(analyze('old'))
    expect(existsSync(join(folder, 'old.partial'))).toBe(false)
  })

  test('is respected while its process lives', async () => {
    await writePartial('busy.partial', {})
    const { code, stderr } = await headroom(analyze('busy'))
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `Error: Another analysis is writing ${join(folder, 'busy')} right now.\nWait for it, or name another folder with --out.\n`,
    })
    expect(await names('busy.partial')).toHaveLength(2)
  })

  test('is swept where another process has been given its number', async () => {
    await writePartial('reused.partial', { started_at: '1' })
    await headroomDone(analyze('reused'))
    expect(existsSync(join(folder, 'reused.partial'))).toBe(false)
  })

  test('in another container is respected while its heart beats, whatever its process number', async () => {
    await writePartial('beating.partial', { ...ended, ...elsewhere, host: 'node-7' })
    const { code, stderr } = await headroom(analyze('beating'))
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^Error: Another analysis is writing .*beating right now, on node-7 or in another container\.\nWait for it \(or a minute/,
      ),
    ])
    const owner = (await names('beating.partial')).find((name) => name.startsWith('owner-'))!
    const past = Date.now() / 1000 - 120
    await utimes(join(folder, 'beating.partial', owner), past, past)
    await headroomDone(analyze('beating'))
    expect(await names('beating')).toEqual(complete)
  })

  test('is distinguished from a folder of the user that only has such a name', async () => {
    await mkdir(join(folder, 'own.partial'))
    await writeFile(join(folder, 'own.partial', 'thesis.txt'), 'mine')
    const { code, stderr } = await headroom(analyze('own'))
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'Error: own.partial is in the way: it is no unfinished run.\nMove it away, or name another folder with --out.\n',
    })
    expect(await names('own.partial')).toEqual(['thesis.txt'])
  })
})

describe('a running analysis', () => {
  /** Sends the signal once the analysis has made a file of its unfinished folder. */
  const interrupt = async (running: RunningCommand, signal: NodeJS.Signals, partial: string, file?: string): Promise<void> => {
    await appeared(partial, file)
    running.process.kill(signal)
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 on %s and leaves nothing', async (signal) => {
    const running = startHeadroom(analyze(`stopped/${signal}`, large.forecasts))
    await interrupt(running, signal, `stopped/${signal}.partial`, runFiles.flaggedForecasts)
    expect(await running.result).toEqual({ code: 130, stdout: '', stderr: 'Cancelled. No files remain.\n' })
    expect(existsSync(join(folder, 'stopped'))).toBe(false)
  })

  test('leaves an empty output empty, and says so in JSON', async () => {
    await mkdir(join(folder, 'stopped-mount'))
    const running = startHeadroom([...analyze('stopped-mount', large.forecasts), '--json'])
    await interrupt(running, 'SIGINT', 'stopped-mount/.partial', runFiles.flaggedForecasts)
    const { code, stdout, stderr } = await running.result
    expect({ code, stderr, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 130,
      stderr: '',
      last: '{"schema_version":1,"type":"cancelled"}',
    })
    expect(await names('stopped-mount')).toEqual([])
  })

  test('ends with 130 before it has read anything, too', async () => {
    const running = startHeadroom(analyze('early', large.forecasts))
    await interrupt(running, 'SIGINT', 'early.partial')
    expect((await running.result).code).toBe(130)
    expect(existsSync(join(folder, 'early.partial'))).toBe(false)
  })
})

describe('verify', () => {
  const copy = async (name: string): Promise<string> => {
    await cp(small.run, join(folder, name), { recursive: true })
    return join(folder, name)
  }

  test('a run as it was written', async () => {
    const text = await headroomDone(['verify', small.run])
    expect(text.trimEnd().split('\n')).toEqual([
      ...filesInManifest.map((name) => `ok      ${name}`),
      'All 11 files agree with the manifest.',
    ])
  })

  test('a changed byte', async () => {
    const run = await copy('changed')
    await appendFile(join(run, runFiles.clusters), 'x')
    const { code, stderr } = await headroom(['verify', run])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'Error: 1 of 11 files differ from the manifest: server_clusters.csv (changed).\nDownload or analyse the run again.\n',
    })
  })

  test('a missing file, and a folder in the place of another', async () => {
    const run = await copy('missing')
    await rm(join(run, runFiles.serverRisk))
    await rm(join(run, runFiles.summary))
    await mkdir(join(run, runFiles.summary))
    const { code, stdout, stderr } = await headroom(['verify', run, '--json'])
    const { files, verified } = JSON.parse(stdout) as { files: { name: string; state: string }[]; verified: boolean }
    expect({ code, stderr, verified, bad: files.filter(({ state }) => state !== 'ok') }).toEqual({
      code: 1,
      stderr: '',
      verified: false,
      bad: [
        { name: runFiles.summary, state: 'changed' },
        { name: runFiles.serverRisk, state: 'missing' },
      ],
    })
  })

  test('a run with the planner’s notes in its folder', async () => {
    const run = await copy('noted')
    await mkdir(join(run, 'headroom-notes'))
    await writeFile(join(run, 'headroom-notes', 'decisions.json'), '{}')
    expect((await headroom(['verify', run])).code).toBe(0)
  })

  test('a Module 05 folder has nothing to be verified against', async () => {
    const run = await copy('python')
    await rm(join(run, runFiles.manifest))
    const { code, stderr } = await headroom(['verify', run])
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr:
        `Error: ${run} has no manifest.json, so there is nothing to verify it against.\n` +
        'A Module 05 folder can be opened, but not verified.\n',
    })
  })

  test('a folder that is no run, and a manifest that is none', async () => {
    await mkdir(join(folder, 'nothing'))
    expect((await headroom(['verify', join(folder, 'nothing')])).stderr).toMatch(/^Error: .*nothing is no run folder: it holds neither/)
    await writeFile(join(folder, 'nothing', runFiles.manifest), '{"format_version":1}')
    const { code, stderr } = await headroom(['verify', join(folder, 'nothing')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: .*manifest\.json is not a manifest that this Headroom understands\.\n/)
  })
})
