// A staging folder belongs to one analysis: one that lost it to another neither commits nor removes anything of the other.
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStagingFolder, type StagingFolder } from '../../src-main/run-folder/staging-folder.ts'
import { runFiles, type RunManifest } from '../../src-shared/run/run-manifest.ts'

let folder: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-staging-'))
  out = join(folder, 'run')
})
afterEach(() => rm(folder, { recursive: true }))

/** Of the manifest only the list of files matters here. */
const manifest = { run_id: 'a' } as unknown as Omit<RunManifest, 'files'>

const fill = async (staging: StagingFolder, text: string): Promise<void> => {
  for (const name of [runFiles.summary, runFiles.clusters]) {
    await writeFile(join(staging.folder, name), text)
    await staging.seal(name)
  }
}

/** As if this process had slept for so long that another one took its folder over. */
const loseTo = async (place: string): Promise<StagingFolder> => {
  await rename(place, `${place}-00000000-0000-4000-8000-000000000000`)
  return createStagingFolder(out)
}

test.each(['a new folder', 'an empty folder'])(
  'the first of two that write into %s loses it, and the second’s run is whole',
  async (kind) => {
    if (kind === 'an empty folder') await mkdir(out)
    const first = await createStagingFolder(out)
    await fill(first, 'first')
    const second = await loseTo(kind === 'an empty folder' ? join(out, '.partial') : `${out}.partial`)
    await fill(second, 'second')
    await expect(first.commit(manifest)).rejects.toMatchObject({
      code: 'output-not-empty',
      message: `Another analysis has taken over ${out}.`,
    })
    await first.close()
    await second.commit(manifest)
    await second.close()
    expect((await readdir(out)).sort()).toEqual([runFiles.manifest, runFiles.summary, runFiles.clusters].sort())
    expect(await readFile(join(out, runFiles.summary), 'utf8')).toBe('second')
    expect(await readdir(folder)).toEqual(['run'])
  },
)

test.skipIf(process.platform === 'win32')('a run is for the user alone, in a folder that existed for whom that one is', async () => {
  const modeOf = async (...names: string[]): Promise<string> => ((await stat(join(out, ...names))).mode & 0o777).toString(8)
  const writeRun = async (): Promise<void> => {
    const staging = await createStagingFolder(out)
    await fill(staging, 'text')
    await staging.commit(manifest)
    await staging.close()
  }
  await writeRun()
  expect(await Promise.all([modeOf(), modeOf(runFiles.summary), modeOf(runFiles.manifest)])).toEqual(['700', '600', '600'])
  await rm(out, { recursive: true })
  await mkdir(out)
  await chmod(out, 0o755)
  await writeRun()
  const usual = (0o666 & ~process.umask()).toString(8)
  expect(await Promise.all([modeOf(), modeOf(runFiles.summary), modeOf(runFiles.manifest)])).toEqual(['755', usual, usual])
})

test('a run that another one has put there in the meantime is not replaced', async () => {
  const staging = await createStagingFolder(out)
  await fill(staging, 'late')
  await mkdir(out)
  await writeFile(join(out, runFiles.summary), 'there first')
  await expect(staging.commit(manifest)).rejects.toMatchObject({ code: 'output-not-empty' })
  await staging.close()
  expect(await readFile(join(out, runFiles.summary), 'utf8')).toBe('there first')
  expect(await readdir(folder)).toEqual(['run'])
})

test('a file that changed after it was hashed is not committed', async () => {
  const staging = await createStagingFolder(out)
  await fill(staging, 'one')
  await writeFile(join(staging.folder, runFiles.clusters), 'two')
  await expect(staging.commit(manifest)).rejects.toThrow('Another program changed server_clusters.csv while the run was written.')
  await staging.close()
  expect(await readdir(folder)).toEqual([])
})

test('two starts in one process exclude each other', async () => {
  const staging = await createStagingFolder(out)
  await expect(createStagingFolder(out)).rejects.toThrow('Another analysis is writing')
  await staging.close()
  await (await createStagingFolder(out)).close()
  expect(await readdir(folder)).toEqual([])
})

test.skipIf(process.platform === 'win32')('a link that leads nowhere is no output folder', async () => {
  await symlink(`${out}-elsewhere`, out)
  await expect(createStagingFolder(out)).rejects.toMatchObject({
    code: 'output-not-empty',
    message: `${out} is a link that leads nowhere.`,
  })
})

test('what cannot be removed never costs a run', async () => {
  const staging = await createStagingFolder(out)
  await fill(staging, 'one')
  await staging.commit(manifest)
  // As a file system does that removes late: the folder is not empty yet.
  await writeFile(join(`${out}.partial`, '.nfs0001'), '')
  await staging.close()
  expect((await readdir(out)).length).toBe(3)
})

test('of several that start in one instant in an empty folder at most one gets it, and the others step back', async () => {
  await mkdir(out)
  for (let round = 0; round < 60; round++) {
    const starts = await Promise.allSettled(Array.from({ length: 5 }, () => createStagingFolder(out)))
    const begun = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    expect(begun.length).toBeLessThan(2)
    const refusals = starts.flatMap((start) => (start.status === 'rejected' ? [(start.reason as { code?: string }).code] : []))
    expect(new Set(refusals)).toEqual(new Set(['output-not-empty']))
    for (const staging of begun) await staging.close()
    expect(await readdir(out)).toEqual([])
  }
})
