// Compares two runs for the window: shortens long lists, but counts every entry.
import { maxListed, type CompareResponse, type CompareRequest } from '../../src-shared/ipc/run-comparison.ts'
import { compareRuns } from '../queries/compare/compare-runs.ts'
import type { ReadingOptions } from '../queries/run/reading-steps.ts'

export const compareForWindow = async ({ earlier, later }: CompareRequest, options: ReadingOptions): Promise<CompareResponse> => {
  const comparison = await compareRuns(earlier, later, options)
  return {
    ...comparison,
    totalChanges: comparison.changes.length,
    changes: comparison.changes.slice(0, maxListed),
    added: comparison.added.slice(0, maxListed),
    removed: comparison.removed.slice(0, maxListed),
  }
}
