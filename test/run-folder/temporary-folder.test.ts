// Temporary folders: what ended processes left is removed, and nothing else.
import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { currentOwner, markProcess } from '../../src-main/run-folder/process-owner.ts'
import { makeFolderNextTo, makeTemporaryFolder, removeAbandonedFolders } from '../../src-main/run-folder/temporary-folder.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { validRequests } from '../fixtures/valid-requests.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-temporary-'))
  vi.stubEnv('TMPDIR', folder)
  vi.stubEnv('TEMP', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const ownerName = '.owner.json'
const spilled = 'duckdb_temp_storage_DEFAULT-0.tmp'

/** A folder as a process leaves it. */
const leave = async (name: string, owner: object | null): Promise<string> => {
  const path = join(folder, name)
  await mkdir(path)
  if (owner !== null) await writeFile(join(path, ownerName), JSON.stringify(owner))
  await writeFile(join(path, spilled), 'spilled')
  return name
}

const changedAt = async (name: string, time: Date): Promise<void> => {
  for (const file of [spilled, ownerName, '']) await utimes(join(folder, name, file), time, time)
}

const owner = (changes: object = {}): object => ({ ...currentOwner(randomUUID()), ...changes })
const ended = { pid: 4_194_303 }

test('a folder names its process, and goes when it is no longer needed', async () => {
  const { path, remove } = await makeTemporaryFolder('queries')
  expect(JSON.parse(await readFile(join(path, ownerName), 'utf8'))).toMatchObject({ pid: process.pid })
  await writeFile(join(path, spilled), 'spilled')
  await remove()
  expect(await readdir(folder)).toEqual([])
})

test('what ended processes left is removed with all that is in it', async () => {
  await leave('headroom-queries-aaaaaa', owner(ended))
  await leave('headroom-inspect-bbbbbb', owner(ended))
  await leave('headroom-mail-cccccc', owner({ started_at: '1' }))
  await removeAbandonedFolders()
  expect(await readdir(folder)).toEqual([])
})

test('what a running process, another container or another program has stays', async () => {
  const stays = [
    await leave('headroom-queries-aaaaaa', owner()),
    await leave('headroom-queries-bbbbbb', owner({ ...ended, pid_namespace: 'pid:[1]' })),
    await leave('headroom-queries-cccccc', owner({ ...ended, host: 'elsewhere' })),
    await leave('headroom-queries-dddddd', null),
    await leave('headroom-queries-longer-eeeeee', owner(ended)),
    await leave('headroom-window-ffffff', owner(ended)),
  ]
  const { path } = await makeTemporaryFolder('queries')
  await symlink(join(folder, stays[4]!), join(folder, 'headroom-queries-gggggg'))
  await removeAbandonedFolders()
  expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(
    [...stays, 'headroom-queries-gggggg']
      .map((name) => join(folder, name))
      .concat(path)
      .sort(),
  )
  for (const name of stays) expect(await readdir(join(folder, name))).toContain(spilled)
})

test.skipIf(process.getuid?.() !== 0)("another user's folder stays", async () => {
  const name = await leave('headroom-queries-aaaaaa', owner(ended))
  execFileSync('chown', ['-R', '65534', join(folder, name)])
  await removeAbandonedFolders()
  expect(await readdir(folder)).toEqual([name])
})

test.skipIf(process.platform !== 'linux')('what a power cut left goes after the restart, unless it has changed since', async () => {
  const boot = { boot_id: randomUUID() }
  const left = await leave('headroom-queries-aaaaaa', owner(boot))
  await changedAt(left, new Date('2020-01-01'))
  const changed = await leave('headroom-queries-bbbbbb', owner(boot))
  const namesake = await leave('headroom-queries-cccccc', owner({ ...boot, host: 'elsewhere' }))
  await changedAt(namesake, new Date('2020-01-01'))
  await removeAbandonedFolders()
  expect((await readdir(folder)).sort()).toEqual([changed, namesake])
})

test('an empty folder without a name goes after a minute', async () => {
  for (const name of ['aaaaaa', 'bbbbbb']) await mkdir(join(folder, `headroom-queries-${name}`))
  const before = new Date(Date.now() - 120_000)
  await utimes(join(folder, 'headroom-queries-aaaaaa'), before, before)
  await removeAbandonedFolders()
  expect(await readdir(folder)).toEqual(['headroom-queries-bbbbbb'])
})

test('two engines with an open run leave each other alone; when one is killed, the next run that opens removes what it left', async () => {
  const run = join(folder, 'run')
  await fabricateRun(run)
  const engines = [new EngineChild(), new EngineChild()] as const
  const openIn = async (engine: EngineChild): Promise<void> =>
    expect(await engine.call('run.open', { folder: run })).toHaveProperty('value')
  const pids = async (): Promise<number[]> => {
    const names = (await readdir(folder)).filter((name) => name.startsWith('headroom-queries-'))
    const owners = await Promise.all(names.map((name) => readFile(join(folder, name, ownerName), 'utf8')))
    return owners.map((text) => (JSON.parse(text) as { pid: number }).pid).sort((a, b) => a - b)
  }
  try {
    for (const engine of engines) await openIn(engine)
    const [first, second] = engines.map(({ pid }) => pid!) as [number, number]
    expect(await pids()).toEqual([first, second].sort((a, b) => a - b))
    engines[0].stop()
    await vi.waitFor(() => expect(engines[0].pid).toBeUndefined(), { timeout: 30_000 })
    expect(await pids()).toContain(first)
    const { remove } = await makeTemporaryFolder('queries')
    await remove()
    expect(await pids()).toEqual([second])
    // Its database still spills there.
    expect(await engines[1].call('servers.list', { ...validRequests['servers.list'], folder: run })).toHaveProperty('value')
  } finally {
    for (const engine of engines) engine.stop()
  }
})

test.skipIf(process.platform !== 'linux')('a killed process that its parent has not taken notice of has ended', async () => {
  // The shell becomes a sleep that never asks for the exit code of its child.
  const shell = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const pid = Number(await new Promise<Buffer>((resolve) => shell.stdout.once('data', resolve)))
    const name = await leave('headroom-queries-aaaaaa', owner(markProcess(pid)))
    await removeAbandonedFolders()
    expect(await readdir(folder)).toEqual([name])
    // Before it is one, the shell itself may ask.
    await vi.waitFor(async () => expect(await readFile(`/proc/${shell.pid}/comm`, 'utf8')).toBe('sleep\n'), { timeout: 30_000 })
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(' Z '), { timeout: 30_000 })
    await removeAbandonedFolders()
    expect(await readdir(folder)).toEqual([])
  } finally {
    shell.kill('SIGKILL')
  }
})

test('the folder of a process that is known to have ended goes at once, and no other', async () => {
  const mark = markProcess(process.pid)
  await leave('headroom-queries-aaaaaa', owner())
  await leave('headroom-queries-bbbbbb', owner({ pid_namespace: 'pid:[1]' }))
  await removeAbandonedFolders(mark)
  expect(await readdir(folder)).toEqual(['headroom-queries-bbbbbb'])
})

test('a folder next to a file that is written: its leftovers go too', async () => {
  const prefix = join(folder, '.out.parquet.spill-')
  await leave('.out.parquet.spill-aaaaaa', owner(ended))
  const { path, remove } = await makeFolderNextTo(prefix)
  expect((await readdir(folder)).map((name) => join(folder, name))).toEqual([path])
  await remove()
})

test.skipIf(process.platform === 'win32')('where no folder can be made, one sentence says so', async () => {
  vi.stubEnv('TMPDIR', join(folder, 'absent'))
  await expect(makeTemporaryFolder('queries')).rejects.toThrow(/^The folder .*absent cannot be written to\.$/)
})
