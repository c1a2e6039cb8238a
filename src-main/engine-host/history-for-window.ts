// Reads a history for the window: shortens long lists, but counts every entry.
import { join } from 'node:path'
import { countOld } from '../../src-shared/artefacts/history-text.ts'
import { maxHistoryRows, type HistoryRequest, type HistoryView } from '../../src-shared/ipc/run-history.ts'
import { today } from '../run-folder/today.ts'
import { readHistory } from '../queries/history/read-history.ts'

export const historyForWindow = async ({ folder, fleetOf }: HistoryRequest): Promise<HistoryView> => {
  const history = await readHistory(folder, { fleetOf: fleetOf ?? undefined, asOf: today() })
  const { lasting, follow_up: followUp, runs } = history
  const { overdue, left, risk, breached, decisions } = followUp
  const shorten = <Row>(rows: readonly Row[]): Row[] => rows.slice(0, maxHistoryRows)
  return {
    ...history,
    runs: runs.map((run) => ({ ...run, path: join(history.folder, run.folder) })),
    lasting: shorten(lasting),
    late_orders: shorten(history.late_orders),
    follow_up: {
      ...followUp,
      overdue: shorten(overdue),
      left: shorten(left),
      risk: shorten(risk),
      breached: shorten(breached),
      decisions: shorten(decisions),
    },
    totals: {
      lasting: lasting.length,
      old: countOld(lasting),
      overdue: overdue.length,
      left: left.length,
      risk: risk.length,
      fell: risk.filter(({ before, now }) => now < before).length,
      breached: breached.length,
      decisions: decisions.length,
    },
  }
}
