// The name of the plan whose cycles make the runs of a history.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'
import { readRegularText } from './regular-file.ts'

/** Where cycles of a history keep what they have done; no run folder begins with a dot. */
export const cycleFolderName = '.cycle'

const statedPlanSchema = z.object({ plan: z.string() })

/** Null where no plan, or more than one, has worked on the history. */
export const readPlanName = async (history: string): Promise<string | null> => {
  const folder = join(history, cycleFolderName)
  const names = await readdir(folder).catch(() => [])
  const plans = new Set<string>()
  for (const name of names.filter((file) => /^[0-9a-f]{16}\.json$/.test(file))) {
    const text = await readRegularText(join(folder, name)).catch(() => null)
    const stated = statedPlanSchema.safeParse(text === null ? null : tryParseJson(text))
    if (stated.success) plans.add(stated.data.plan)
  }
  return plans.size === 1 ? [...plans][0]! : null
}
