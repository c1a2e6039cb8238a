// Commands that write files: an existing file stays unless --force is given, and the files of a run stay always.
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

let sample: SampleRun
let folder: string
beforeAll(async () => {
  sample = await makeSampleRun(6)
  folder = join(sample.run, '..')
})
afterAll(() => sample.remove())

const commands: readonly (readonly [name: string, file: string, written: string, ...args: string[]])[] = [
  ['sample', 'mine.parquet', 'mine.parquet', 'sample', '--end', '2026-11-22', '--servers', '2', '--quiet', '--out'],
  [
    'sample, whose servers table exists',
    'theirs.servers.csv',
    'theirs.parquet',
    'sample',
    '--end',
    '2026-11-22',
    '--servers',
    '2',
    '--quiet',
    '--out',
  ],
  ['export', 'report.csv', 'report.csv', 'export', 'RUN', '--format', 'csv', '--out'],
]

test.each(commands)('%s does not replace a file without --force', async (_, file, written, ...args) => {
  const path = join(folder, file)
  await writeFile(path, 'mine')
  const command = [...args.map((arg) => (arg === 'RUN' ? sample.run : arg)), join(folder, written)]
  const { code, stdout, stderr } = await headroom(command)
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: `Error: ${path} exists already.\nName a new file, or replace this one with --force.\n`,
  })
  expect(await readFile(path, 'utf8')).toBe('mine')
  await headroomDone([...command, '--force'])
  expect(await readFile(path, 'utf8')).not.toBe('mine')
})

test('plan does not replace a plan without --force', async () => {
  await headroomDone(['plan', sample.forecasts, '--out', join(folder, 'plan')])
  const { code, stderr } = await headroom(['plan', sample.forecasts, '--out', join(folder, 'plan')])
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^Error: .*plan\.json exists already\./)])
  await headroomDone(['plan', sample.forecasts, '--out', join(folder, 'plan'), '--force'])
})

test('forecast does not replace what it reads, not even with --force or through links', async () => {
  const linked = join(folder, 'linked-input.parquet')
  await symlink(sample.forecasts, linked)
  for (const out of [sample.forecasts, linked]) {
    expect(await headroom(['forecast', sample.forecasts, '--out', out, '--force'])).toMatchObject({
      code: 2,
      stderr: `Error: ${out} is read by this command.\nName another file with --out.\n`,
    })
  }
})

test('nothing is written into a run, not even with --force or through links', async () => {
  const target = join(sample.run, 'server_clusters.csv')
  const before = await readFile(target)
  await symlink(sample.run, join(folder, 'linked-run'))
  await symlink(target, join(folder, 'linked.csv'))
  for (const out of [target, join(folder, 'linked-run', 'server_clusters.csv'), join(folder, 'linked.csv')]) {
    const { code, stderr } = await headroom(['export', sample.run, '--format', 'csv', '--out', out, '--force'])
    expect([code, stderr]).toEqual([2, `Error: ${out} belongs to a run.\nName a file outside the run folder.\n`])
  }
  expect((await readFile(target)).equals(before)).toBe(true)
  await copyFile(target, join(folder, 'server_clusters.csv'))
  await headroomDone(['export', sample.run, '--format', 'csv', '--out', join(folder, 'server_clusters.csv'), '--force'])
})
