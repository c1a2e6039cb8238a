// Which rows lie ahead and which were measured, as SQL: what the dataset states in `is_future` comes first.

/**
 * `row`: alias of a relation with is_future, actual and ts. A gap in the measurements is not part of the horizon: unless stated, only what
 * lies after the last measured time of the series is.
 */
export const isHorizonSql = (row: string, lastMeasuredAt: string): string =>
  `coalesce(${row}.is_future, ${row}.actual IS NULL AND (${lastMeasuredAt} IS NULL OR ${row}.ts > ${lastMeasuredAt}))`

/** Over the canonical columns: the row holds a measurement. */
export const isMeasuredSql = 'NOT coalesce(is_future, false) AND actual IS NOT NULL'
