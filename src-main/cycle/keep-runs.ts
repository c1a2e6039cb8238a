// Which runs of a history stay: the latest ones, and the last one of each earlier month.
import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cycleFolderName } from '../run-folder/plan-name.ts'

export interface KeptRun {
  readonly name: string
  /** First time of the horizon, ISO 8601 UTC. */
  readonly start: string
}

/** By its name: day and inputs. A run that was put there by hand is the planner's to remove. */
export const isMadeByCycle = (name: string): boolean => /^\d{4}-\d{2}-\d{2}-[0-9a-f]{12}$/.test(name)

/** `runs`: the earliest first. Returns the names of those to remove. */
export const findExpired = (
  runs: readonly KeptRun[],
  { latest, months }: { readonly latest: number; readonly months: number },
): string[] => {
  const earlier = runs.slice(0, Math.max(0, runs.length - latest))
  const monthOf = ({ start }: KeptRun): string => start.slice(0, 7)
  const lastOfMonth = new Map(earlier.map((run) => [monthOf(run), run.name]))
  const keptMonths = new Set([...lastOfMonth.keys()].slice(Math.max(0, lastOfMonth.size - months)))
  return earlier.filter((run) => !(keptMonths.has(monthOf(run)) && lastOfMonth.get(monthOf(run)) === run.name)).map(({ name }) => name)
}

/** Moved out of sight first, so that no half a run is ever seen. */
export const removeRun = async (history: string, name: string): Promise<void> => {
  const moved = join(history, cycleFolderName, `removed-${randomUUID()}`)
  await rename(join(history, name), moved)
  await rm(moved, { recursive: true, force: true })
}
