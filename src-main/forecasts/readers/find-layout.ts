// The table of readers: the first that recognises the columns of a file says how its rows are read.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { unitOfMetric } from '../../../src-shared/config/metric-units.ts'
import { findNearestName } from '../../../src-shared/config/nearest-name.ts'
import {
  assertRequiredRoles,
  findNamed,
  findRoles,
  mapArgument,
  plainName,
  rejectFlagColumns,
  type NamedColumn,
  type StatedColumns,
} from '../forecast-columns.ts'
import { InputQuestionError } from '../input-question.ts'
import { commonBoundLevel, namedQuantile } from './quantile-columns.ts'
import { readExplainedForecast } from './explained-forecast.ts'
import {
  isPlannedStatistic,
  isStatistic,
  valueColumns,
  type Layout,
  type LayoutInput,
  type Reader,
  type ReadingConfig,
  type SourceColumn,
  isUnreadText,
} from './layout.ts'
import { readLong } from './long.ts'
import { readSystemActivity } from './system-activity.ts'
import { readWideMetrics } from './wide-metrics.ts'
import { boundedModels, readWideModels } from './wide-models.ts'
import { readWideServers } from './wide-servers.ts'

/** What the user states is tried first; then the long layout, unless intervals name the models. */
const readersFor = (input: LayoutInput): readonly Reader[] => {
  if (input.config.wide === 'servers') return [readWideServers]
  if (input.config.wide === 'models') return [readWideModels]
  if (input.config.wide === 'metrics') return [readWideMetrics]
  const { predicted } = input.found
  const isNamedModel =
    predicted !== undefined && predicted.how === 'alias' && boundedModels(input.columns).includes(plainName(predicted.column.column))
  if (predicted !== undefined && !isNamedModel) return [readLong]
  return [readExplainedForecast, readSystemActivity, readWideModels, readWideMetrics, readLong]
}

/** Throws InputQuestionError, and input-column-missing where no reader knows the columns. */
export const findLayout = (
  columns: readonly SourceColumn[],
  config: ReadingConfig,
  name: string,
  {
    knownModels = new Set(),
    boundLevel,
    plainValues = 'predicted',
  }: Partial<Pick<LayoutInput, 'knownModels' | 'boundLevel' | 'plainValues'>> = {},
): Layout => {
  const input: LayoutInput = { columns, found: findRoles(columns, name, config.map), config, name, knownModels, boundLevel, plainValues }
  for (const read of readersFor(input)) {
    const layout = read(input)
    if (layout === undefined) continue
    assertIdentified(layout, input)
    return layout
  }
  throw unknownLayout(input)
}

/** Servers and times must be found; where one text column is left, it may be the server. */
const assertIdentified = ({ keys, groups, isServerFileName }: Layout, { columns, name }: LayoutInput): void => {
  const hasServer = keys.server_id !== undefined || isServerFileName === true || groups.every(({ server }) => server !== undefined)
  assertRequiredRoles({ server_id: hasServer ? true : undefined, timestamp: keys.timestamp, predicted: true }, columns, name)
}

const maxNamed = 8
const listNames = (columns: readonly NamedColumn[]): string =>
  `${columns
    .slice(0, maxNamed)
    .map(({ column }) => column)
    .join(', ')}${columns.length > maxNamed ? ', ...' : ''}`

/** Several numbers of unknown meaning: models, metrics or servers; else a column is missing. */
const unknownLayout = (input: LayoutInput): HeadroomError => {
  const { columns, found, name, config } = input
  if (config.wide === undefined && found.timestamp !== undefined) {
    const numbers = valueColumns(input).filter(
      (column) => column.isNumeric && column !== found.actual?.column && namedQuantile(column) === undefined,
    )
    const statistics = numbers.every(isStatistic) ? numbers.filter(isPlannedStatistic) : []
    if (found.server_id !== undefined && statistics.length > 0) {
      const options = statistics.map(({ column }) => ({ label: column, settings: { map: { actual: column } } }))
      return new InputQuestionError(
        `Which statistic of ${name} was measured: ${statistics.map(({ column }) => mapArgument('actual', column)).join(' or ')}?`,
        options,
      )
    }
    const layouts = found.server_id === undefined ? (['servers'] as const) : (['models', 'metrics'] as const)
    if (numbers.length > 1) {
      return new InputQuestionError(
        `What are the columns ${listNames(numbers)} of ${name}: ${layouts.map((layout) => `--wide ${layout}`).join(', ')}, or one prediction: ${mapArgument('predicted', 'COLUMN')}?`,
        [
          ...layouts.map((layout) => ({ label: `One column per ${layout.slice(0, -1)}`, settings: { wide: layout } })),
          ...numbers.map(({ column }) => ({ label: `Prediction: ${column}`, settings: { map: { predicted: column } } })),
        ],
      )
    }
  }
  const metrics = valueColumns(input).filter(({ column }) => unitOfMetric(config, column.trim()) !== undefined)
  if (found.server_id !== undefined && found.timestamp !== undefined && metrics.length > 0 && metrics.every(isUnreadText)) {
    return new InputQuestionError(`Are the texts of ${listNames(metrics)} in ${name} measured numbers: --wide metrics?`, [
      { label: 'Measured numbers, one column per metric', settings: { wide: 'metrics' } },
    ])
  }
  const isMeasured = found.timestamp !== undefined && (found.actual !== undefined || metrics.some(({ isNumeric }) => isNumeric))
  try {
    assertRequiredRoles({ ...found, predicted: found.predicted ?? (isMeasured || undefined) }, columns, name)
  } catch (thrown) {
    if (thrown instanceof HeadroomError) return thrown
    throw thrown
  }
  return new HeadroomError('input-column-missing', `The columns of ${name} fit no known layout; it has ${listNames(columns)}.`, {
    next: `State the columns, for instance ${mapArgument('predicted', 'COLUMN')}.`,
  })
}

/** Refuses a stated column that no file has. */
export const assertStatedColumns = (stated: StatedColumns, columns: readonly NamedColumn[], datasetName: string): void => {
  for (const [role, name] of Object.entries(stated)) {
    if (name === '*' || findNamed(columns, name) !== undefined) continue
    const names = columns.map(({ column }) => column)
    const nearest = findNearestName(name, names)
    throw new HeadroomError(
      'input-column-missing',
      `${datasetName} has no column ${name}, which is stated as ${role}; it has ${listNames(columns)}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
      { next: 'Correct the name in --map.' },
    )
  }
}

/** Files without forecasts are refused, or accepted where their names say it, or read: then plain columns of a wide file are measured. */
export type MeasurementsOption = 'refused' | 'accepted' | 'read'

/** Files with the same columns. */
export interface ColumnGroup {
  readonly files: readonly { readonly name: string }[]
  readonly columns: readonly SourceColumn[]
}

export interface LaidOutGroup<Group extends ColumnGroup> {
  readonly group: Group
  readonly layout: Layout
}

/** How each file of a dataset is read, by its columns alone. Throws InputQuestionError, input-column-missing, input-column-reserved. */
export const findLayouts = <Group extends ColumnGroup>(
  groups: readonly Group[],
  config: ReadingConfig,
  name: string,
  measurements: MeasurementsOption,
): LaidOutGroup<Group>[] => {
  for (const { columns, files } of groups) rejectFlagColumns(columns, files[0]!.name)
  assertStatedColumns(
    config.map,
    groups.flatMap(({ columns }) => columns),
    name,
  )
  const knownModels = new Set(groups.flatMap(({ columns }) => boundedModels(columns)))
  const boundLevel = commonBoundLevel(groups.map(({ columns }) => columns))
  const read = groups.map((group) => ({
    group,
    layout: findLayout(group.columns, config, group.files.length === 1 ? group.files[0]!.name : name, {
      knownModels,
      boundLevel,
      plainValues: measurements === 'read' ? 'actual' : 'predicted',
    }),
  }))
  const isForecast = ({ layout }: LaidOutGroup<Group>): boolean => layout.groups.some(({ predicted }) => predicted !== undefined)
  const refused = measurements === 'refused' || read.some(isForecast) ? read.find((entry) => !isForecast(entry)) : undefined
  if (refused !== undefined) {
    assertRequiredRoles({ server_id: true, timestamp: true }, refused.group.columns, refused.group.files[0]!.name)
  }
  return read
}
