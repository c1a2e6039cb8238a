// Results of shards in a folder: each step of each shard is there as a whole or not at all, and says what it was made from.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { tryParseJson } from '../../../src-shared/run/parse-json.ts'
import { parseTablePath } from '../../forecasts/workbook/table-path.ts'
import { hashFile } from '../../run-folder/hash-file.ts'
import { makeFolders } from '../../run-folder/make-folders.ts'
import { currentOwner, ownerState, parseOwner } from '../../run-folder/process-owner.ts'
import { readRegularText } from '../../run-folder/regular-file.ts'
import { fsyncFile, replaceText, syncFolder } from '../../run-folder/replace-file.ts'
import { shardSteps, type Shard, type ShardStep } from '../../../src-shared/run/shard-steps.ts'
import { selectedRowsFolder, sparkOutputNotesFile, sparkOutputTables } from './spark-output.ts'

const stepDone: Readonly<Record<ShardStep, string>> = { measure: 'measured', calibrate: 'calibrated', simulate: 'simulated' }

/** Name of the folder of shards in Spark output. */
export const shardFolderName = 'shards'
const noteFile = 'shard.json'
const ownerFile = 'owner.json'
const spillFolderName = 'spill'

const noteSchema = z.object({ source: z.string(), files: z.array(z.object({ name: z.string(), bytes: z.int() })) })

export interface ShardFolder {
  readonly path: string
  /** As the user named it. */
  readonly sparkOutput: string
  /** Options of the command line that every step takes. */
  readonly options: string
  /** SHA-256 over all that the results depend on, except for the shard. */
  readonly source: string
}

/** `eventsTable`: path of the events that the run applies. */
export const openShardFolder = async (
  sparkOutput: string,
  path: string | undefined,
  eventsTable: string | undefined,
): Promise<ShardFolder> => {
  const hash = createHash('sha256')
  hash.update(`${packageJson.version}\n${await readRegularText(join(sparkOutput, sparkOutputNotesFile))}\n`)
  for (const table of [...sparkOutputTables, selectedRowsFolder])
    for (const { name, bytes } of await filesBelow(join(sparkOutput, table))) hash.update(`${table} ${name} ${bytes}\n`)
  if (eventsTable !== undefined) {
    const { file, sheet } = await parseTablePath(eventsTable)
    hash.update(`${await hashFile(file)} ${sheet ?? ''}`)
  }
  const options = `${path === undefined ? '' : ` --shard-folder ${path}`}${eventsTable === undefined ? '' : ` --events ${eventsTable}`}`
  return { path: path ?? join(sparkOutput, shardFolderName), sparkOutput, options, source: hash.digest('hex') }
}

/** By name. */
const filesBelow = async (folder: string): Promise<{ name: string; bytes: number }[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const named = await Promise.all(
    files.map(async (path) => ({ name: relative(folder, path).split(sep).join('/'), bytes: (await stat(path)).size })),
  )
  return named.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const nameOf = (step: ShardStep, { number, count }: Shard): string => `${step}-${number}-of-${count}`

const allShards = (count: number): Shard[] => Array.from({ length: count }, (_, index) => ({ number: index + 1, count }))

/**
 * Has `write` make the results of a step in a folder of its own, which takes its place when it is complete. What a killed process left of the same
 * step is removed. `spillFolder`: for what does not fit into memory.
 */
export const writeShard = async (
  { path, source }: ShardFolder,
  step: ShardStep,
  shard: Shard,
  write: (folder: string, spillFolder: string) => Promise<void>,
): Promise<void> => {
  const name = nameOf(step, shard)
  const target = join(path, name)
  await makeFolders(path)
  await removeAbandoned(path, name)
  const nonce = randomUUID()
  const folder = join(path, `.${name}.${nonce}`)
  const spillFolder = join(folder, spillFolderName)
  try {
    await mkdir(folder)
    await writeFile(join(folder, ownerFile), JSON.stringify(currentOwner(nonce)), { flag: 'wx' })
    await mkdir(spillFolder)
    await write(folder, spillFolder)
    await rm(spillFolder, { recursive: true, force: true, maxRetries: 10 })
    await rm(join(folder, ownerFile))
    const files = await filesBelow(folder)
    for (const file of files) await fsyncFile(join(folder, file.name))
    await replaceText(join(folder, noteFile), JSON.stringify({ source, files }))
    // Of two processes with the same shard the later one wins: their files are the same.
    await rm(target, { recursive: true, force: true })
    await rename(folder, target)
    await syncFolder(path)
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 }).catch(() => undefined)
    throw thrown
  }
}

const removeAbandoned = async (path: string, name: string): Promise<void> => {
  for (const entry of await readdir(path)) {
    if (!entry.startsWith(`.${name}.`)) continue
    const owner = parseOwner(await readRegularText(join(path, entry, ownerFile)).catch(() => ''))
    if (owner !== undefined && ownerState(owner) === 'ended') await rm(join(path, entry), { recursive: true, force: true })
  }
}

/** Whether a step of a shard is complete, and made from this Spark output. */
const stateOf = async (folder: ShardFolder, step: ShardStep, shard: Shard): Promise<'complete' | 'missing' | 'other'> => {
  const path = join(folder.path, nameOf(step, shard))
  const text = await readRegularText(join(path, noteFile)).catch(() => undefined)
  if (text === undefined) return 'missing'
  const note = noteSchema.safeParse(tryParseJson(text))
  if (!note.success || note.data.source !== folder.source) return 'other'
  for (const { name, bytes } of note.data.files) {
    const stats = await stat(join(path, name)).catch(() => null)
    if (stats?.size !== bytes) return 'missing'
  }
  return 'complete'
}

export const findMissingShards = async (folder: ShardFolder, step: ShardStep, count: number): Promise<Shard[]> => {
  const shards: Shard[] = []
  for (const shard of allShards(count)) if ((await stateOf(folder, step, shard)) !== 'complete') shards.push(shard)
  return shards
}

/** Folders of a step, shard by shard. Throws input-not-found or input-changed with the first shard that lacks it. */
export const requireShards = async (folder: ShardFolder, step: ShardStep, count: number): Promise<string[]> => {
  for (const shard of allShards(count)) {
    const state = await stateOf(folder, step, shard)
    if (state === 'complete') continue
    const next = `Run this first: headroom finish ${folder.sparkOutput} --step ${step} --shard ${shard.number}/${count}${folder.options}`
    const name = `Shard ${shard.number} of ${count}`
    throw state === 'missing'
      ? new HeadroomError('input-not-found', `${name} is not ${stepDone[step]} yet.`, { next })
      : new HeadroomError(
          'input-changed',
          `${name} was ${stepDone[step]} from other Spark output, with other events, or by another version of Headroom.`,
          { next },
        )
  }
  return allShards(count).map((shard) => join(folder.path, nameOf(step, shard)))
}

/** Removes the results of all shards; other files stay. */
export const removeShards = async ({ path }: ShardFolder, count: number): Promise<void> => {
  const names = shardSteps.flatMap((step) => allShards(count).map((shard) => nameOf(step, shard)))
  for (const entry of await readdir(path))
    if (names.some((name) => entry === name || entry.startsWith(`.${name}.`))) await rm(join(path, entry), { recursive: true, force: true })
  await rmdir(path).catch(() => undefined)
}

/** The part of a list that a shard works on: neighbours, of about the same weight in every shard. */
export const sliceByWeight = <Item>(items: readonly Item[], weightOf: (item: Item) => number, { number, count }: Shard): Item[] => {
  const total = items.reduce((sum, item) => sum + weightOf(item), 0)
  let before = 0
  return items.filter((item) => {
    const weight = weightOf(item)
    const middle = before + weight / 2
    before += weight
    return Math.min(count - 1, Math.floor((count * middle) / total)) === number - 1
  })
}
