// The folder of a collect that is under way: its plan and the parts received so far, so that a collect that was broken off goes on.
import { existsSync } from 'node:fs'
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { nameRecord } from '../../src-shared/config/name-record.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { MeasurementsSource } from '../../src-shared/sources/source-requests.ts'
import { acquireFileLock, LockHeldError, type HeldLock } from '../run-folder/file-lock.ts'
import { makeOutputFolder } from '../run-folder/make-folders.ts'
import { replaceText } from '../run-folder/replace-file.ts'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'

const planName = 'plan.json'
const ownerName = 'owner.json'

/** `OUT.collecting`, next to the measurements file. */
export const collectionFolder = (out: string): string => `${out}.collecting`

export interface CollectedValue {
  readonly server: string
  readonly metric: string
  /** Seconds since 1970, of the beginning of the period. */
  readonly seconds: number
  readonly value: number
}

const partDetailsSchema = z.object({
  /** Labels or tags by server. */
  servers: nameRecord(z.record(z.string(), z.string())),
  /** Values that are not a number, or infinite. */
  unusable: z.int(),
  /** What the source said about the answer. */
  notes: z.array(z.string()),
})
type PartDetails = z.infer<typeof partDetailsSchema>

export interface Collection<Plan> {
  readonly folder: string
  readonly plan: Plan
  /** Whether an earlier collect began it. */
  readonly isResumed: boolean
  readonly hasPart: (index: number) => boolean
  readonly storePart: (index: number, values: Iterable<CollectedValue>, details: PartDetails) => Promise<void>
  /** Keeps the parts for the next collect of the same request. */
  readonly release: () => Promise<void>
  readonly remove: () => Promise<void>
}

export interface CollectWork {
  readonly signal?: AbortSignal | undefined
  /** Completed share, 0..1, and what is under way. */
  readonly onProgress?: ((label: string, share: number) => void) | undefined
  /** Says that the source is busy. */
  readonly onWait?: ((sentence: string) => void) | undefined
  /** For tests. */
  readonly retryMs?: number | undefined
  readonly nowSeconds?: number | undefined
}

export interface CollectedParts {
  readonly collection: Collection<unknown>
  readonly parts: number
  readonly source: MeasurementsSource
}

export interface CollectTarget {
  /** Path of the measurements file. */
  readonly out: string
  /** Whether an existing file is extended. */
  readonly extends: boolean
}

/** A cancel of which parts remain. */
export const asResumable = (thrown: unknown): unknown =>
  thrown instanceof HeadroomError && thrown.code === 'cancelled'
    ? new HeadroomError('cancelled', 'Cancelled.', { next: 'Collect into the same file again to go on.', cause: thrown })
    : thrown

const partName = (index: number, extension: 'csv' | 'json'): string => `part-${String(index).padStart(6, '0')}.${extension}`

/**
 * Opens the folder of a collect into `out`. Parts of the same `request` stay, with the plan they were made by; those of another are removed.
 * Throws output-not-empty where another process collects into it.
 */
export const openCollection = async <Plan>(
  out: string,
  request: unknown,
  planSchema: z.ZodType<Plan>,
  makePlan: () => Promise<Plan>,
): Promise<Collection<Plan>> => {
  const folder = collectionFolder(out)
  await makeOutputFolder(folder)
  const { assertHeld, release } = await claim(folder, out)
  const remove = async (): Promise<void> => {
    await assertHeld()
    // Also ends the signs of life.
    await release()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const stored = await readPlan(folder, request, planSchema)
    const plan = stored ?? (await makePlan())
    if (stored === undefined) {
      for (const name of await readdir(folder)) if (name !== ownerName) await rm(join(folder, name), { recursive: true, force: true })
      await replaceText(join(folder, planName), JSON.stringify({ request, plan }))
    }
    return {
      folder,
      plan,
      isResumed: stored !== undefined,
      hasPart: (index) => existsSync(join(folder, partName(index, 'csv'))),
      // The values come last: they say that the part is whole.
      storePart: async (index, values, details) => {
        await assertHeld()
        await replaceText(join(folder, partName(index, 'json')), JSON.stringify(details))
        await replaceText(join(folder, partName(index, 'csv')), [...csvLines(values)].join(''))
      },
      release,
      remove,
    }
  } catch (thrown) {
    if (existsSync(join(folder, planName))) await release()
    else await remove()
    throw thrown
  }
}

function* csvLines(values: Iterable<CollectedValue>): Generator<string> {
  for (const { server, metric, seconds, value } of values)
    yield `${quoteCsv(server)},${quoteCsv(metric)},${String(seconds)},${String(value)}\n`
}

export const quoteCsv = (text: string): string => `"${text.replaceAll('"', '""')}"`

const claim = async (folder: string, out: string): Promise<HeldLock> => {
  try {
    return await acquireFileLock(join(folder, ownerName), { waitMs: 0 })
  } catch (cause) {
    if (!(cause instanceof LockHeldError)) throw cause
    throw new HeadroomError('output-not-empty', `Another collect writes ${out}.`, { next: 'Wait for it, or name another file.', cause })
  }
}

const readPlan = async <Plan>(folder: string, request: unknown, planSchema: z.ZodType<Plan>): Promise<Plan | undefined> => {
  const text = await readFile(join(folder, planName), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const stored = z.object({ request: z.unknown(), plan: planSchema }).safeParse(tryParseJson(text))
  if (!stored.success || JSON.stringify(stored.data.request) !== JSON.stringify(request)) return undefined
  return stored.data.plan
}

/** Paths of the values, and the details of all parts in the order of the plan. */
export const readParts = async (folder: string, count: number): Promise<{ paths: string[]; details: PartDetails[] }> => {
  const indexes = Array.from({ length: count }, (_, index) => index)
  const details: PartDetails[] = []
  for (const index of indexes)
    details.push(partDetailsSchema.parse(JSON.parse(await readFile(join(folder, partName(index, 'json')), 'utf8'))))
  return { paths: indexes.map((index) => join(folder, partName(index, 'csv'))), details }
}
