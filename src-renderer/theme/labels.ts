// Labels that several parts of the window show: themes, file formats, groups, risk levels and recommendations.
import type { RiskLevel } from '../../src-shared/artefacts/server-risk.ts'
import type { ThemeChoice } from '../../src-shared/config/settings.ts'
import type { ColumnRoleName } from '../../src-shared/run/input-mapping.ts'
import type { GroupColumn } from '../../src-shared/ipc/fleet-filter.ts'
import type { Recommendation } from '../../src-shared/ipc/fleet-view.ts'

export const themeLabels: Readonly<Record<ThemeChoice, string>> = {
  system: 'System',
  light: 'Light',
  dark: 'Dark',
  'high-contrast': 'High contrast',
}

export const fileFormatLabels = {
  csv: 'CSV',
  json: 'JSON',
  parquet: 'Parquet',
  xlsx: 'Excel',
  html: 'HTML',
  pdf: 'PDF',
  pptx: 'PowerPoint',
  png: 'PNG',
  svg: 'SVG',
  tsv: 'Tab-separated',
  md: 'Markdown',
} as const

export const groupLabels: Readonly<Record<GroupColumn | 'cluster_name' | 'metric', string>> = {
  business_unit: 'Business unit',
  region: 'Region',
  criticality: 'Criticality',
  cluster_name: 'Cluster',
  metric: 'Metric',
}

export const columnRoleLabels: Readonly<Record<ColumnRoleName, string>> = {
  server_id: 'Server',
  timestamp: 'Time',
  predicted: 'Forecast',
  model: 'Model',
  metric: 'Metric column',
  actual: 'Measured',
  yhat_lower: 'Lower bound',
  yhat_upper: 'Upper bound',
  quantiles: 'Quantiles',
  is_future: 'Future flag',
  cutoff: 'Cut-off',
  horizon_offset: 'Lead',
  interval_level: 'Nominal coverage column',
}

export const riskLabels: Readonly<Record<RiskLevel, string>> = { high: 'High risk', medium: 'Medium risk', low: 'Low risk' }

export const recommendationLabels: Readonly<Record<Recommendation['recommendation'], string>> = {
  'add capacity': 'Add capacity',
  watch: 'Watch',
  retire: 'Retire',
  consolidate: 'Consolidate',
  keep: 'Keep',
}
