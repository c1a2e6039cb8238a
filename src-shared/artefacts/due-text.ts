// When a recommendation is due, in words.

/**
 * A date before the forecast begins has passed: what is at risk is overdue since then, what may be at risk is to be decided now. `startMs` of the
 * forecast is null where it is not known. `writePastDate`: shorter, since it is not long ago.
 */
export const dueText = (
  { order_by: orderBy, recommendation }: { readonly order_by: string | null; readonly recommendation: string },
  startMs: number | null,
  writeDate: (timeMs: number) => string,
  writePastDate = writeDate,
): string => {
  if (orderBy === null) return 'Any time'
  const dueMs = Date.parse(orderBy)
  if (startMs === null || dueMs >= startMs) return writeDate(dueMs)
  return recommendation === 'watch' ? 'Now' : `Overdue since ${writePastDate(dueMs)}`
}
