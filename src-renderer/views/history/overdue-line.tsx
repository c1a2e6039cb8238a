// What of a history is overdue: orders, and accepted recommendations past their date. Both tabs begin with it.
import { describeOverdue } from '../../../src-shared/artefacts/history-text.ts'
import type { HistoryView } from '../../../src-shared/ipc/run-history.ts'
import { formatDay, formatting } from '../../theme/formatting.ts'

export const OverdueLine = ({ history: { overdue_orders: orders, totals, as_of: day } }: { readonly history: HistoryView }) => (
  <p className={orders + totals.overdue === 0 ? 'muted' : 'overdue'}>
    {describeOverdue(orders, totals.overdue, formatDay(day), (value) => formatting.count(value))}
  </p>
)
