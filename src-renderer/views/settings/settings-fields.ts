// The settings of the analysis as fields of a form: key, words, kind and bounds. Values are checked by the engine when they are kept.

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
      { key: 'high_risk_threshold', label: 'High', kind: 'number', unit: '%', hint: 'At risk above it' },
      { key: 'very_high_risk_threshold', label: 'Very high', kind: 'number', unit: '%', hint: 'Risk level “high” above it' },
      { key: 'underutilized_threshold', label: 'Underutilised', kind: 'number', unit: '%', hint: 'Forecast mean below it' },
      {
        key: 'basis',
        label: 'Judged by',
        kind: 'choice',
        hint: 'Conservative takes simulated futures into account',
        choices: [
          { value: 'expected', label: 'the forecast' },
          { value: 'conservative', label: 'a conservative forecast' },
        ],
      },
      { key: 'breach_probability', label: 'Breach probability', kind: 'flag', hint: 'Estimated from simulated futures; takes longer' },
      {
        key: 'metric_thresholds',
        label: 'Of one metric',
        kind: 'thresholds',
        hint: 'Name, high and very high: mem_p95 85 95; network_mbps 800 900',
      },
      {
        key: 'criticality_thresholds',
        label: 'Of one criticality',
        kind: 'thresholds',
        hint: 'Wins over a metric’s: critical 70 85',
      },
      { key: 'percent_metrics', label: 'Metrics in percent', kind: 'names', hint: 'Besides those whose names say so' },
      {
        key: 'interval_level',
        label: 'Intervals promise',
        kind: 'number',
        hint: 'Share of values within the bounds: 0.8',
      },
      { key: 'target_metric', label: 'Metric of sets without one', kind: 'text', hint: 'A name such as cpu_p95' },
    ],
  },
  {
    title: 'Calendar',
    fields: [
      { key: 'eoq_window_days', label: 'Quarter end lasts', kind: 'number', unit: 'days', hint: 'The last days of a quarter' },
      { key: 'fiscal_year_start_month', label: 'Fiscal year starts in month', kind: 'number', hint: '1 to 12; shifts the quarter ends' },
      { key: 'eoq_months', label: 'Quarters end in months', kind: 'months', hint: 'Such as 3, 6, 9, 12; empty: by the fiscal year' },
      { key: 'holiday_country', label: 'Holidays of', kind: 'text', hint: 'Two capital letters: US, DE, GB' },
      { key: 'holiday_state', label: 'State', kind: 'text', hint: 'Such as NY; empty for the whole country' },
    ],
  },
  {
    title: 'Clusters',
    fields: [
      { key: 'n_clusters', label: 'Number of clusters', kind: 'text', hint: '1 to 50, or auto for the number told apart best' },
      { key: 'cluster_features', label: 'By', kind: 'names', hint: 'Of the seven that are there by default; a comma between them' },
      { key: 'seed', label: 'Seed', kind: 'number', hint: 'Of every random choice' },
    ],
  },
  {
    title: 'Costs and consolidation',
    fields: [
      {
        key: 'cost_per_instance',
        label: 'Cost of a server',
        kind: 'number',
        unit: 'USD a month',
        hint: 'Where the servers table has none',
      },
      {
        key: 'consolidation_target',
        label: 'Fill a host up to',
        kind: 'number',
        unit: '%',
        hint: 'Peak demand that consolidation may leave',
      },
      { key: 'lead_time_days', label: 'Delivery takes', kind: 'number', unit: 'days', hint: 'Where the servers table has none' },
    ],
  },
]

export type SettingsFormState = Readonly<Record<string, string>>

/** What the form shows for a value. */
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

/** "mem_p95 85 95; disk 70 85"; numbers that are none stay text, for the engine to name. */
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

/** Settings out of a draft: empty fields and defaults are left out. What does not parse stays text, for the engine to name. */
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
