// The roles that columns of a forecast set play, and the names by which they are found.
/** Role -> names that may play it, in order of preference; the first is canonical. */
export const columnAliases = {
  server_id: ['server_id', 'item_id', 'host', 'hostname', 'instance_id'],
  timestamp: ['timestamp', 'ds', 'date'],
  predicted: ['predicted', 'yhat', 'mean', 'p50', 'forecast'],
  model: ['model'],
  metric: ['metric'],
  actual: ['actual', 'y', 'target'],
  yhat_lower: ['yhat_lower', 'lower_bound', 'p10', '0.1'],
  yhat_upper: ['yhat_upper', 'upper_bound', 'p90', '0.9'],
  is_future: ['is_future'],
  cutoff: ['cutoff'],
  horizon_offset: ['horizon_offset'],
} as const satisfies Record<string, readonly string[]>

export type ColumnRole = keyof typeof columnAliases
export const requiredRoles: readonly ColumnRole[] = ['server_id', 'timestamp', 'predicted']

/** What the flagged Parquet adds; input columns must not bear these names. */
export const flagColumns = [
  'risk_flag',
  'risk_level',
  'month',
  'is_eoq',
  'is_holiday',
  'seasonal_peak_risk',
  'is_underutilized',
  'is_selected',
] as const
