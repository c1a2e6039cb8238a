// A run that was changed after its analysis says so wherever it is read, and its files are hashed once per change.
import { appendFile, copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { findChangedFiles } from '../../src-main/run-folder/changed-files.ts'
import { hashFile } from '../../src-main/run-folder/hash-file.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { headroom } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

let sample: SampleRun
let changed: string
beforeAll(async () => {
  sample = await makeSampleRun(6)
  changed = join(sample.folder, 'changed')
  await cp(sample.run, changed, { recursive: true })
  // As a spreadsheet program does it: another number in one cell.
  const clusters = join(changed, runFiles.clusters)
  const text = await readFile(clusters, 'utf8')
  await writeFile(
    clusters,
    text.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10)),
  )
})
afterAll(() => sample.remove())

const sentence = /Warning: The run in \S+ was changed after the analysis: server_clusters\.csv \(changed\)\./

test.each([
  ['query', (run: string) => ['query', run, 'SELECT 1', '--csv']],
  ['what-if', (run: string) => ['what-if', run, '--set', 'threshold=70']],
  ['compare', (run: string) => ['compare', sample.run, run]],
  ['reconcile', (run: string) => ['reconcile', run]],
  [
    'analyze --previous',
    (run: string) => {
      const options = ['--previous', run, '--out', `${run}-next`, '--set', 'breach_probability=false']
      return ['analyze', sample.forecasts, ...options, '--quiet']
    },
  ],
  ['export', (run: string) => ['export', run, '--format', 'html', '--out', join(sample.folder, 'report.html'), '--force']],
])('headroom %s says that a run was changed, and nothing of one that was not', async (_, args) => {
  const [ofChanged, ofWhole] = await Promise.all([headroom(args(changed)), headroom(args(sample.run))])
  expect([ofChanged.code, ofWhole.code]).toEqual([0, 0])
  expect(ofChanged.stderr).toMatch(sentence)
  expect(ofWhole.stderr).not.toMatch(/changed after/)
})

test('the report of a changed run says so', async () => {
  const path = join(sample.folder, 'said.html')
  expect(await headroom(['export', changed, '--format', 'html', '--out', path])).toMatchObject({ code: 0 })
  expect(await readFile(path, 'utf8')).toContain('The run in changed was changed after the analysis: server_clusters.csv (changed).')
})

test('the window hears of changed and missing files, and refuses figures of a run that changes while it is open', async () => {
  const handlers = createEngineHandlers(() => undefined)
  const folder = join(sample.folder, 'open')
  await cp(sample.run, folder, { recursive: true })
  await handlers['run.open']({ folder })
  expect(await handlers['run.verify']({ folder })).toEqual({ changed: [] })
  await handlers['filter-choices.get']({ folder })
  await rm(join(folder, runFiles.heatmapPicture))
  await appendFile(join(folder, runFiles.serverRisk), 'x')
  expect((await handlers['run.verify']({ folder })).changed).toEqual([
    { name: runFiles.heatmapPicture, state: 'missing' },
    { name: runFiles.serverRisk, state: 'changed' },
  ])
  await expect(handlers['filter-choices.get']({ folder })).rejects.toMatchObject({
    code: 'run-damaged',
    message: `The run in ${folder} was changed while it was open.`,
  })
  await copyFile(join(sample.run, runFiles.serverRisk), join(folder, runFiles.serverRisk))
  await handlers['run.open']({ folder })
  await handlers['filter-choices.get']({ folder })
})

test.skipIf(process.platform !== 'linux')('a file is read once, and again after it was written to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-hashes-'))
  const bytes = 8_000_000
  const path = join(folder, runFiles.flaggedForecasts)
  const bytesRead = async (work: () => Promise<unknown>): Promise<number> => {
    const read = async () => Number(/^rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))![1])
    const before = await read()
    await work()
    return (await read()) - before
  }
  try {
    await writeFile(path, Buffer.alloc(bytes, 1))
    const entries = [{ name: runFiles.flaggedForecasts, bytes, sha256: await hashFile(path) }]
    const look = () => findChangedFiles(folder, entries)
    expect(await look()).toEqual([])
    expect(await bytesRead(look)).toBeLessThan(bytes / 2)
    await writeFile(path, Buffer.alloc(bytes, 2))
    expect(await bytesRead(look)).toBeGreaterThan(bytes)
    expect(await look()).toEqual([{ name: runFiles.flaggedForecasts, state: 'changed' }])
  } finally {
    await rm(folder, { recursive: true })
  }
})
