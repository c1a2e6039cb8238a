// What a plan has done already: the run of its last inputs, and which outputs that run went to.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { makeFolders } from '../run-folder/make-folders.ts'
import { cycleFolderName } from '../run-folder/plan-name.ts'
import { readRegularText } from '../run-folder/regular-file.ts'
import { replaceText } from '../run-folder/replace-file.ts'

const stateSchema = z.object({
  format_version: z.literal(1),
  plan: z.string(),
  /** Run that went out last, by the key of the output. */
  delivered: z.record(z.string(), z.string()),
})
type CycleState = z.infer<typeof stateSchema>

export const lockPathOf = (history: string): string => join(history, cycleFolderName, 'lock')

const statePathOf = (history: string, plan: string): string =>
  join(history, cycleFolderName, `${createHash('sha256').update(plan).digest('hex').slice(0, 16)}.json`)

export const makeStateFolder = async (history: string): Promise<void> => {
  await makeFolders(join(history, cycleFolderName), 0o700).catch((cause: unknown) => {
    throw new HeadroomError('file-not-written', `The history ${history} is no folder that can be written.`, {
      next: 'Name another folder in the plan.',
      cause,
    })
  })
}

/** Throws run-damaged for a file that is none of ours: it is never overwritten. */
export const readDelivered = async (history: string, plan: string): Promise<Map<string, string>> => {
  const path = statePathOf(history, plan)
  const text = await readRegularText(path).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw cause
  })
  if (text === null) return new Map()
  try {
    return new Map(Object.entries(stateSchema.parse(JSON.parse(text)).delivered))
  } catch (cause) {
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, {
      next: 'Move it away; outputs of the latest run are then written and sent once more.',
      cause,
    })
  }
}

export const writeDelivered = async (history: string, plan: string, delivered: ReadonlyMap<string, string>): Promise<void> => {
  const state: CycleState = { format_version: 1, plan, delivered: Object.fromEntries([...delivered].sort(([a], [b]) => (a < b ? -1 : 1))) }
  await replaceText(statePathOf(history, plan), `${JSON.stringify(state, null, 2)}\n`, 0o600)
}
