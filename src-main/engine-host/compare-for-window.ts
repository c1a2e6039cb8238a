// Two runs compared for the window: lists are cut to what can be read, their counts stay whole.
import { mostListed, type CompareAnswer, type CompareRequest } from '../../src-shared/comparison-view.ts'
import { compareRuns } from '../queries/compare-runs.ts'

export const compareForWindow = async ({ earlier, later }: CompareRequest): Promise<CompareAnswer> => {
  const compared = await compareRuns(earlier, later)
  return {
    ...compared,
    totalChanges: compared.changes.length,
    changes: compared.changes.slice(0, mostListed),
    added: compared.added.slice(0, mostListed),
    removed: compared.removed.slice(0, mostListed),
  }
}
