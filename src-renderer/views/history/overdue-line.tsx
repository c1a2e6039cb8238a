// What of a history is overdue: orders, and accepted recommendations past their date. Both tabs begin with it.
import { describeOverdue, describeOverdueOrders } from '../../../src-shared/artefacts/history-text.ts'
import type { HistoryView } from '../../../src-shared/ipc/run-history.ts'
import { formatDay, formatting } from '../../theme/formatting.ts'

interface OverdueLineProps {
  readonly history: HistoryView
  /** Where the page says what was accepted and is past its date. */
  readonly isOfOrders?: boolean
}

const writing = { count: (value: number) => formatting.count(value), day: formatDay }

export const OverdueLine = ({ history, isOfOrders = false }: OverdueLineProps) => {
  const past = isOfOrders ? 0 : history.totals.overdue
  return (
    <p className={history.overdue_orders + past === 0 ? 'muted' : 'overdue'}>
      {isOfOrders ? describeOverdueOrders(history, writing) : describeOverdue(history, past, writing)}
    </p>
  )
}
