// The analysis settings as form fields; the engine validates the values when they are saved.

export interface SettingField {
  readonly key: string
  readonly label: string
  readonly kind: 'number' | 'text' | 'flag' | 'choice' | 'months' | 'names' | 'thresholds'
  readonly unit?: string
  readonly hint: string
  readonly choices?: readonly { readonly value: string; readonly label: string }[]
}

export interface SettingGroup {
  readonly title: string
  readonly fields: readonly SettingField[]
}

export const settingGroups: readonly SettingGroup[] = [
  {
    title: 'Thresholds',
    fields: [
      { key: 'high_risk_threshold', label: 'High', kind: 'number', unit: '%', hint: 'Servers above are at risk' },
      { key: 'very_high_risk_threshold', label: 'Very high', kind: 'number', unit: '%', hint: 'Servers above have risk level “high”' },
      { key: 'underutilized_threshold', label: 'Underutilised', kind: 'number', unit: '%', hint: 'Servers with a lower forecast mean' },
      {
        key: 'basis',
        label: 'Risk basis',
        kind: 'choice',
        hint: 'Conservative uses simulated paths',
        choices: [
          { value: 'expected', label: 'Expected' },
          { value: 'conservative', label: 'Conservative' },
        ],
      },
      { key: 'breach_probability', label: 'Breach probability', kind: 'flag', hint: 'Estimated from simulated paths; takes longer' },
      {
        key: 'metric_thresholds',
        label: 'Per-metric thresholds',
        kind: 'thresholds',
        hint: 'Name, high, very high: mem_p95 85 95; network_mbps 800 900',
      },
      {
        key: 'criticality_thresholds',
        label: 'Per-criticality thresholds',
        kind: 'thresholds',
        hint: 'Overrides the metric’s thresholds: critical 70 85',
      },
      { key: 'percent_metrics', label: 'Percent metrics', kind: 'names', hint: 'In addition to names ending in a percent unit' },
      {
        key: 'interval_level',
        label: 'Nominal coverage',
        kind: 'number',
        hint: 'Share between 0 and 1, such as 0.8',
      },
      { key: 'target_metric', label: 'Default metric', kind: 'text', hint: 'For forecasts without a metric column, such as cpu_p95' },
    ],
  },
  {
    title: 'Calendar',
    fields: [
      { key: 'eoq_window_days', label: 'Quarter-end window', kind: 'number', unit: 'days', hint: 'Last days of each quarter' },
      { key: 'fiscal_year_start_month', label: 'Fiscal year start (month)', kind: 'number', hint: '1 to 12; shifts the quarter ends' },
      { key: 'eoq_months', label: 'Quarter-end months', kind: 'months', hint: 'Such as 3, 6, 9, 12; default: from the fiscal year' },
      { key: 'holiday_country', label: 'Holiday country', kind: 'text', hint: 'Country code such as US, DE or GB' },
      { key: 'holiday_state', label: 'Holiday region', kind: 'text', hint: 'Such as NY; default: whole country' },
    ],
  },
  {
    title: 'Clusters',
    fields: [
      { key: 'n_clusters', label: 'Number of clusters', kind: 'text', hint: '1 to 50, or auto (best silhouette)' },
      { key: 'cluster_features', label: 'Cluster features', kind: 'names', hint: 'Comma-separated subset of the seven features' },
      { key: 'seed', label: 'Random seed', kind: 'number', hint: 'Same seed, same clusters and simulated paths' },
    ],
  },
  {
    title: 'Costs and consolidation',
    fields: [
      {
        key: 'cost_per_instance',
        label: 'Server cost',
        kind: 'number',
        unit: 'USD per month',
        hint: 'Default for servers without a value',
      },
      {
        key: 'consolidation_target',
        label: 'Max host load',
        kind: 'number',
        unit: '%',
        hint: 'Peak load after consolidation',
      },
      { key: 'lead_time_days', label: 'Lead time', kind: 'number', unit: 'days', hint: 'Default for servers without a value' },
    ],
  },
]

export type SettingsFormState = Readonly<Record<string, string>>

/** The text of a value in the form. */
export const formatSetting = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'string') return value
  return isThresholds(value)
    ? Object.entries(value)
        .map(([name, { high, very_high: veryHigh }]) => `${name} ${high} ${veryHigh}`)
        .join('; ')
    : JSON.stringify(value)
}

type Thresholds = Readonly<Record<string, { readonly high: number; readonly very_high: number }>>

const isThresholds = (value: unknown): value is Thresholds =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((entry: unknown) => typeof entry === 'object' && entry !== null && 'high' in entry && 'very_high' in entry)

/** Parses "mem_p95 85 95; disk 70 85". Invalid numbers stay text, so that the engine reports them. */
const parseThresholds = (text: string): Record<string, unknown> =>
  Object.fromEntries(
    text
      .split(';')
      .map((part) => part.trim().split(/\s+/))
      .filter(([name]) => name !== undefined && name !== '')
      .map((tokens) => {
        const parseNumber = (token: string | undefined): unknown =>
          token === undefined || Number.isNaN(Number(token)) ? (token ?? '') : Number(token)
        const nameLength = tokens.length < 3 ? tokens.length : tokens.length - 2
        return [
          tokens.slice(0, nameLength).join(' '),
          { high: parseNumber(tokens[nameLength]), very_high: parseNumber(tokens[nameLength + 1]) },
        ]
      }),
  )

/** The settings that differ from the defaults. Values that do not parse stay text, so that the engine reports them. */
export const parseSettings = (form: SettingsFormState, defaults: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const found: Record<string, unknown> = {}
  for (const { key, kind } of settingGroups.flatMap(({ fields }) => fields)) {
    const text = (form[key] ?? '').trim()
    if (text === '') continue
    const value = parseField(kind, key, text)
    if (JSON.stringify(value) !== JSON.stringify(defaults[key])) found[key] = value
  }
  return found
}

const parseField = (kind: SettingField['kind'], key: string, text: string): unknown => {
  const number = Number(text)
  if (kind === 'number' || (key === 'n_clusters' && text !== 'auto')) return Number.isNaN(number) ? text : number
  if (kind === 'flag') return text === 'true'
  if (kind === 'thresholds') return parseThresholds(text)
  if (kind === 'names') return text.split(/[\s,;]+/)
  if (kind === 'months') return text.split(/[\s,]+/).map((month) => (Number.isNaN(Number(month)) ? month : Number(month)))
  return text
}
