// When a recommendation is due, in words.

interface Due {
  readonly order_by: string | null
  readonly recommendation: string
}

/** Whether a date before the forecast has passed, of what is at risk. `startMs` as below. */
export const isOverdue = ({ order_by: orderBy, recommendation }: Due, startMs: number | null): boolean =>
  orderBy !== null && startMs !== null && Date.parse(orderBy) < startMs && recommendation !== 'watch'

/**
 * A date before the forecast begins has passed: what is at risk is overdue since then, what may be at risk is to be decided now. `startMs` of the
 * forecast is null where it is not known. `writePastDate`: shorter, since it is not long ago.
 */
export const dueText = (due: Due, startMs: number | null, writeDate: (timeMs: number) => string, writePastDate = writeDate): string => {
  if (due.order_by === null) return 'Any time'
  const dueMs = Date.parse(due.order_by)
  if (startMs === null || dueMs >= startMs) return writeDate(dueMs)
  return isOverdue(due, startMs) ? `Overdue since ${writePastDate(dueMs)}` : 'Now'
}
