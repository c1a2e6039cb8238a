// What a reader makes of the columns of a file: which ones identify a row, and which ones hold the values of which model or metric.
import type { MetricChoice } from '../chosen-metrics.ts'
import type { RoleMapping, WideLayout } from '../../../src-shared/run/input-mapping.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import type { UnitConfig } from '../../../src-shared/config/metric-units.ts'
import type { StatedEncoding } from '../recognise-text.ts'
import { plainName, type ColumnRole, type ForecastColumn, type FoundRoles, type StatedColumns } from '../forecast-columns.ts'

/** A column of a file with the SQL that reads it. */
export interface SourceColumn extends ForecastColumn {
  readonly sql: string
  /** Whether its values are numbers; of text, whether those of the first rows are. */
  readonly isNumeric: boolean
  /** Whether some of its texts are numbers, or numbers of a kind that is not read: such a column is refused rather than left out. */
  readonly isPartlyNumeric?: boolean
  /** Whether a percent sign stands behind some of its texts. */
  readonly hasPercentSigns?: boolean
  /** Whether its first values are times. */
  readonly isTime?: boolean
  /** What its first texts are in the commonest spelling; null or absent where they are not all that. */
  readonly usualKind?: 'number' | 'time' | 'boolean' | null
  /** Whether its first values are distributions. */
  readonly isDistribution?: boolean
  /** Whether what is counted is what it leaves of 100. */
  readonly isComplement?: boolean
  /** Set where it is one value of a column that holds several. */
  readonly part?: ColumnPart
}

/** A role, or the level of a quantile. */
export type ColumnPart =
  | { readonly role: 'predicted' | 'yhat_lower' | 'yhat_upper'; readonly level?: undefined }
  | { readonly level: number; readonly role?: undefined }

const compositeName = /interval|bounds|range|hilo|conf|credible|coverage|quantile|pred|forecast|%$|^(ci|pi)$|^(ci|pi)[_ .]|[_ .](ci|pi)$/i

/** Whether a column that holds no numbers may hold several in a row: only such ones are looked into. */
export const isNamedLikeComposite = ({ column, isNumeric }: Pick<SourceColumn, 'column' | 'isNumeric'>): boolean =>
  !isNumeric && compositeName.test(column.trim())

/** Whether a column whose name, or whose user, says that it holds numbers is read as numbers. */
export const mayBeNumbers = ({ isNumeric, isPartlyNumeric }: Pick<SourceColumn, 'isNumeric' | 'isPartlyNumeric'>): boolean =>
  isNumeric || isPartlyNumeric === true

/** Text of a Parquet file, of which no value was looked at. */
export const isUnreadText = ({ type, isPartlyNumeric }: SourceColumn): boolean => type === 'VARCHAR' && isPartlyNumeric === undefined

/** The settings that say how files are read. */
export interface ReadingConfig extends UnitConfig, MetricChoice {
  readonly map: StatedColumns
  readonly wide?: WideLayout | undefined
  readonly date_format?: string | undefined
  readonly encoding?: StatedEncoding
  readonly batch_step?: string | undefined
  readonly decimal: DecimalSetting
}

/** Roles that identify a row or say something about all its values. */
export const keyRoles = [
  'server_id',
  'timestamp',
  'model',
  'metric',
  'is_future',
  'cutoff',
  'horizon_offset',
  'interval_level',
] as const satisfies readonly ColumnRole[]
export type KeyRole = (typeof keyRoles)[number]

export const valueRoles = ['predicted', 'actual', 'yhat_lower', 'yhat_upper'] as const satisfies readonly ColumnRole[]
export type ValueRole = (typeof valueRoles)[number]

/** A column that holds one quantile; `level` within 0..1. */
export interface QuantileColumn {
  readonly level: number
  readonly column: SourceColumn
}

/** Columns of a row that become one canonical row. */
export interface ValueGroup extends Readonly<Partial<Record<ValueRole, SourceColumn>>> {
  /** Constants; absent: the column of the role, else the default. */
  readonly server?: string
  readonly model?: string
  readonly metric?: string
  /** Nominal level of the bounds as their names state it. */
  readonly level?: number | undefined
  /** Quantiles beyond bounds and median; empty where those are all. */
  readonly quantiles: readonly QuantileColumn[]
}

export interface Layout {
  readonly reader: string
  readonly keys: Readonly<Partial<Record<KeyRole, SourceColumn>>>
  readonly groups: readonly ValueGroup[]
  readonly roles: readonly RoleMapping[]
  /** Columns that could be what a role was taken from, by role. */
  readonly candidates: readonly { readonly role: ColumnRole; readonly columns: readonly string[] }[]
  /** Server of files without a column that names it: the file's name. */
  readonly isServerFileName?: boolean
  /** SQL of the rows that are read; absent: all. */
  readonly where?: string
  /** What columns count as that may as well be the other. */
  readonly assumed?: 'predicted' | 'actual'
}

/** What a reader looks at. */
export interface LayoutInput {
  readonly columns: readonly SourceColumn[]
  readonly found: FoundRoles<SourceColumn>
  readonly config: ReadingConfig
  /** Name of the file in messages. */
  readonly name: string
  /** Plain names of models that other files of the dataset show. */
  readonly knownModels: ReadonlySet<string>
  /** Level of the bounds that all files and models have. */
  readonly boundLevel: number | undefined
  /** What plain value columns of a wide file are where nothing says it: an analysis needs forecasts. */
  readonly plainValues: 'predicted' | 'actual'
}

/** Undefined where the columns are not of its kind. Throws InputQuestionError. */
export type Reader = (input: LayoutInput) => Layout | undefined

/** Key columns that were found, and how. */
export const foundKeys = ({ found }: LayoutInput): Pick<Layout, 'keys' | 'roles' | 'candidates'> => {
  const keys: Partial<Record<KeyRole, SourceColumn>> = {}
  const roles: RoleMapping[] = []
  const candidates: { role: ColumnRole; columns: string[] }[] = []
  for (const role of keyRoles) {
    const match = found[role]
    if (match === undefined) continue
    keys[role] = match.column
    roles.push({ role, columns: [match.column.column], how: match.how })
    if (match.others.length > 0) candidates.push({ role, columns: [match.column, ...match.others].map(({ column }) => column) })
  }
  return { keys, roles, candidates }
}

/** Row numbers that pandas writes: of a column without a name, of a file that was read with one, and of Parquet. */
const rowNumbers = /^(column \d+|unnamed: \d+|__index_level_\d+__|index)$/i

/** Columns that no key role takes. */
export const valueColumns = (input: LayoutInput): SourceColumn[] => {
  const keys = Object.values(foundKeys(input).keys)
  // Zabbix writes the parts of a second next to its seconds.
  const hasClock = plainName(input.found.timestamp?.column.column ?? '') === 'clock'
  const isClockPart = ({ column }: SourceColumn): boolean => hasClock && plainName(column) === 'ns'
  return input.columns.filter((column) => !keys.includes(column) && !rowNumbers.test(column.column.trim()) && !isClockPart(column))
}

/** Statistics of one measurement in a column each, as Azure Monitor, CloudWatch and the trends of Zabbix have them. */
const statisticName = /^(?:value_)?(avg|average|max|maximum|p\d\d|min|minimum|sum|total|count|num|samplecount)$/i
export const isStatistic = ({ column }: Pick<SourceColumn, 'column'>): boolean => statisticName.test(column.trim())
/** Whether capacity is planned by it. */
export const isPlannedStatistic = ({ column }: Pick<SourceColumn, 'column'>): boolean =>
  /^(value_)?(avg|average|max|maximum|p\d\d)$/i.test(column.trim())

/** One role that several columns play by their place in the layout. */
export const layoutRole = (role: ColumnRole, columns: readonly (SourceColumn | undefined)[]): RoleMapping[] => {
  const names = columns.flatMap((column) => column?.column ?? [])
  return names.length === 0 ? [] : [{ role, columns: [...new Set(names)], how: 'layout' }]
}

/** The roles of value groups whose columns follow a pattern of names. */
export const groupRoles = (groups: readonly ValueGroup[]): RoleMapping[] => [
  ...valueRoles.flatMap((role) =>
    layoutRole(
      role,
      groups.map((group) => group[role]),
    ),
  ),
  ...layoutRole(
    'quantiles',
    groups.flatMap(({ quantiles }) => quantiles.map(({ column }) => column)),
  ),
]
