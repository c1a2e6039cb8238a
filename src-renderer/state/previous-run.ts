// Finds the previous run of the same forecasts among the recent ones.
import type { RecentRun } from '../../src-shared/ipc/ipc-contract.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'

/** The latest of the runs with the same title that were analysed before. */
export const findPreviousRun = ({ title, folder, analyzedAt }: RunOverview, recent: readonly RecentRun[]): RecentRun | null =>
  recent
    .filter(
      (run) =>
        run.exists &&
        run.title === title &&
        run.folder !== folder &&
        run.analyzedAt !== null &&
        analyzedAt !== null &&
        run.analyzedAt < analyzedAt,
    )
    .sort((a, b) => ((a.analyzedAt ?? '') < (b.analyzedAt ?? '') ? 1 : -1))[0] ?? null
