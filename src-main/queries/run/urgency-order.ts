// Which of two servers of the same date comes first: in Do next that of the order, in the summary bar and in what-if that of the first breach.

/** First breach of the forecast; where that stays below the threshold, the one that the paths expect. */
export const breachAtSql = 'coalesce(first_breach_at, expected_first_breach)'

/** USD a month of what is to be added, at the server's cost per capacity. */
export const addedUsdSql = (units: string, percent: string): string =>
  `coalesce(${units} * monthly_cost_usd / nullif(capacity_units, 0), ${percent} / 100 * monthly_cost_usd)`

/**
 * Order of servers whose dates are the same: the likelier to run out, the dearer the capacity to add, the more of it, the name. `units` and
 * `percent`: SQL of what is to be added to the server. Nothing costs nothing.
 */
export const urgencyTieSql = (units: string, percent: string): string =>
  [
    'coalesce(server_at_risk_probability, at_risk_probability) DESC NULLS LAST',
    `${addedUsdSql(units, percent)} DESC NULLS LAST`,
    `${units} DESC NULLS LAST`,
    `${percent} DESC NULLS LAST`,
    'server_id',
  ].join(', ')
