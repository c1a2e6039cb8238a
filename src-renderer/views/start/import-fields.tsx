// The fields of the import dialog: the column of each role, and unit, zone, level, dates and layout of the values.
import { useState } from 'react'
import { decimalSettings } from '../../../src-shared/config/analysis-config.ts'
import { metricUnits } from '../../../src-shared/config/metric-units.ts'
import { ownValue } from '../../../src-shared/config/name-record.ts'
import { columnRoles, wideLayouts, type ColumnRoleName, type RoleMapping, type WideLayout } from '../../../src-shared/run/input-mapping.ts'
import { companionTableKinds } from '../../../src-shared/run/capacity-tables.ts'
import type { Inspection } from '../../../src-shared/run/inspection.ts'
import { Field } from '../../components/field.tsx'
import { OptionList } from '../../components/select.tsx'
import { changeReading, changeTable, useImportState } from '../../state/import-files.ts'
import { chooseTable, fileNameOf } from '../../state/open-path.ts'
import { columnRoleLabels } from '../../theme/labels.ts'
import { listOf } from './describe-inspection.ts'

/** Always listed; the others where a file has them. */
const mainRoles = new Set<ColumnRoleName>([
  'server_id',
  'timestamp',
  'predicted',
  'actual',
  'model',
  'metric',
  'yhat_lower',
  'yhat_upper',
  'is_future',
  'cutoff',
])

const howLabels: Readonly<Record<RoleMapping['how'], string>> = {
  stated: 'Stated here',
  name: 'By its name',
  alias: 'By a known name',
  layout: 'By the layout',
  folder: 'From the folder',
  'file-name': 'From the file name',
  setting: 'From the settings',
}

/** Value of a select that leaves the choice to the reader. */
const automatic = ''

export const ColumnFields = ({ inspection }: { readonly inspection: Inspection }) => {
  const { settings } = useImportState()
  const mappings = (inspection.mapping?.files ?? []).flatMap(({ roles }) => roles)
  const columns = columnsOf(inspection)
  const listed = columnRoles.filter(
    (role) => mainRoles.has(role) || settings.map?.[role] !== undefined || mappings.some((mapping) => mapping.role === role),
  )
  return (
    <div className="import-fields">
      {listed.map((role) => (
        <ColumnField
          key={role}
          role={role}
          columns={columns}
          stated={settings.map?.[role]}
          found={mappings.filter((mapping) => mapping.role === role)}
          candidates={inspection.candidates.find((candidate) => candidate.role === role)?.columns ?? []}
        />
      ))}
    </div>
  )
}

/** Of the first file, then those that only other files have. */
const columnsOf = ({ schema, mapping }: Inspection): string[] => [
  ...new Set([
    ...schema.map(({ column }) => column),
    ...(mapping?.files ?? []).flatMap(({ roles, unused }) => [...roles.flatMap(({ columns }) => columns), ...unused]),
  ]),
]

interface ColumnFieldProps {
  readonly role: ColumnRoleName
  readonly columns: readonly string[]
  readonly stated: string | undefined
  readonly found: readonly RoleMapping[]
  /** Columns that could play the role as well. */
  readonly candidates: readonly string[]
}

const ColumnField = ({ role, columns, stated, found, candidates }: ColumnFieldProps) => {
  const taken = [...new Set(found.flatMap((mapping) => mapping.columns))]
  const [mapping] = found
  const hints = [
    ...(mapping === undefined ? [] : [howLabels[mapping.how]]),
    ...(candidates.length > 1 ? [`Possible: ${listOf(candidates)}`] : []),
  ]
  const offered = stated === undefined || columns.includes(stated) ? columns : [stated, ...columns]
  return (
    <Field label={columnRoleLabels[role]} hint={hints.join('. ')}>
      {(control) => (
        <OptionList
          {...control}
          className="field"
          value={stated ?? automatic}
          options={[
            { value: automatic, label: stated === undefined ? (taken.length === 0 ? 'None' : listOf(taken)) : 'Automatic' },
            ...offered.map((column) => ({ value: column, label: column })),
          ]}
          onChange={(column) => changeReading({ map: { [role]: column === automatic ? undefined : column } })}
        />
      )}
    </Field>
  )
}

const layoutLabels: Readonly<Record<WideLayout, string>> = {
  models: 'One column per model',
  servers: 'One column per server',
  metrics: 'One column per metric',
}

const dateOrderLabels = {
  [automatic]: 'Automatic',
  'day-first': 'Day first',
  'month-first': 'Month first',
  excel: 'Days of Excel',
} as const
const decimalLabels = { auto: 'Automatic', comma: 'Comma', point: 'Point' } as const

/** Units that the dialog asks for; more are stated in the settings. */
const maxMetrics = 6

export const ReadingFields = ({ inspection }: { readonly inspection: Inspection }) => {
  const { settings } = useImportState()
  const isText = inspection.files.some(({ format }) => format !== 'parquet')
  const hasMetricColumn = (inspection.mapping?.files ?? []).some(({ roles }) =>
    roles.some(({ role, columns, how }) => role === 'metric' && (columns.length > 0 || how === 'layout')),
  )
  const metrics = [...new Set([...inspection.metrics, ...Object.keys(settings.metric_units ?? {})])].slice(0, maxMetrics)
  return (
    <div className="import-fields">
      <Field label="Layout">
        {(control) => (
          <OptionList
            {...control}
            className="field"
            value={settings.wide ?? automatic}
            options={[
              { value: automatic, label: 'Automatic' },
              ...wideLayouts.map((layout) => ({ value: layout, label: layoutLabels[layout] })),
            ]}
            onChange={(layout) => changeReading({ wide: layout === automatic ? undefined : layout })}
          />
        )}
      </Field>
      {metrics.map((metric) => (
        <UnitField key={metric} metric={metric} inspection={inspection} />
      ))}
      {!hasMetricColumn && (
        <TextField
          label="Metric"
          hint="For files without a metric column"
          value={settings.target_metric ?? inspection.metrics[0] ?? ''}
          onChange={(metric) => changeReading({ target_metric: metric === automatic ? undefined : metric })}
        />
      )}
      <Field label="Time zone">
        {(control) => (
          <OptionList
            {...control}
            className="field"
            value={settings.time_zone ?? automatic}
            options={[
              { value: automatic, label: settings.time_zone === undefined ? inspection.time_zone : 'Automatic' },
              ...timeZones.map((zone) => ({ value: zone, label: zone })),
            ]}
            onChange={(zone) => changeReading({ time_zone: zone === automatic ? undefined : zone })}
          />
        )}
      </Field>
      <LevelField inspection={inspection} />
      {isText && (
        <>
          <Field label="Dates">
            {(control) => (
              <OptionList
                {...control}
                className="field"
                value={settings.date_format ?? automatic}
                options={dateOrders(settings.date_format)}
                onChange={(order) => changeReading({ date_format: order === automatic ? undefined : order })}
              />
            )}
          </Field>
          <Field label="Decimal mark">
            {(control) => (
              <OptionList
                {...control}
                className="field"
                value={settings.decimal ?? 'auto'}
                options={decimalSettings.map((value) => ({ value, label: decimalLabels[value] }))}
                onChange={(decimal) => changeReading({ decimal: decimal === 'auto' ? undefined : decimal })}
              />
            )}
          </Field>
        </>
      )}
    </div>
  )
}

const timeZones: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]

/** A pattern from the command line or an answer stands for itself. */
const dateOrders = (stated: string | undefined): { readonly value: string; readonly label: string }[] => {
  const orders = Object.entries(dateOrderLabels).map(([value, label]) => ({ value, label }))
  return stated === undefined || stated in dateOrderLabels ? orders : [...orders, { value: stated, label: stated }]
}

const UnitField = ({ metric, inspection }: { readonly metric: string; readonly inspection: Inspection }) => {
  const { settings } = useImportState()
  const stated = ownValue(settings.metric_units ?? {}, metric)
  const found = inspection.units.find((unit) => unit.metric === metric)
  return (
    <Field label={`Unit of ${metric}`}>
      {(control) => (
        <OptionList
          {...control}
          className="field"
          value={stated ?? automatic}
          options={[
            { value: automatic, label: stated === undefined ? (found?.unit ?? 'Not stated') : 'Automatic' },
            ...metricUnits.map((unit) => ({ value: unit, label: unit })),
          ]}
          onChange={(unit) => changeReading({ metric_units: { [metric]: unit === automatic ? undefined : unit } })}
        />
      )}
    </Field>
  )
}

const LevelField = ({ inspection }: { readonly inspection: Inspection }) => {
  const { settings } = useImportState()
  const found = inspection.mapping?.interval_level ?? null
  if (found !== null) {
    return (
      <Field label="Nominal coverage" hint="Stated by the files">
        {(control) => <input {...control} className="field" value={String(found)} readOnly />}
      </Field>
    )
  }
  return (
    <TextField
      label="Nominal coverage"
      hint="Share between the bounds, such as 0.8"
      value={settings.interval_level === undefined ? '' : String(settings.interval_level)}
      isValid={(text) => text === '' || (Number(text) > 0 && Number(text) < 1)}
      error="A share between 0 and 1, such as 0.8."
      onChange={(text) => changeReading({ interval_level: text === '' ? undefined : Number(text) })}
    />
  )
}

const tableLabels = {
  servers: 'Servers table',
  events: 'Events table',
  projects: 'Projects table',
  drivers: 'Drivers table',
  catalogue: 'Instance catalogue',
} as const

/** Tables that have another name than the forecasts, or stand elsewhere. */
export const TableFields = () => {
  const { paths, tables } = useImportState()
  const name = fileNameOf(paths[0] ?? '').replace(/\.[^.]*$/, '')
  return (
    <div className="import-fields">
      {companionTableKinds.map((kind) => (
        <div key={kind} className="import-table">
          <TextField
            label={tableLabels[kind]}
            hint={`Empty: ${name}.${kind}.csv, if it is there`}
            value={tables[kind] ?? ''}
            onChange={(path) => changeTable(kind, path)}
          />
          <button
            type="button"
            className="button"
            aria-label={`Choose ${tableLabels[kind].toLowerCase()}`}
            onClick={() => void chooseTable((path) => changeTable(kind, path))}
          >
            …
          </button>
        </div>
      ))}
    </div>
  )
}

interface TextFieldProps {
  readonly label: string
  readonly hint: string
  readonly value: string
  readonly isValid?: (text: string) => boolean
  readonly error?: string
  readonly onChange: (text: string) => void
}

const acceptAny = (): boolean => true

/** Applies its text when the focus leaves it or Enter is pressed. */
const TextField = ({ label, hint, value, isValid = acceptAny, error = '', onChange }: TextFieldProps) => {
  const [edited, setEdited] = useState<string | null>(null)
  const text = edited ?? value
  const apply = (): void => {
    if (edited === null || !isValid(edited.trim())) return
    setEdited(null)
    if (edited.trim() !== value) onChange(edited.trim())
  }
  return (
    <Field label={label} hint={hint} error={isValid(text.trim()) ? '' : error}>
      {(control) => (
        <input
          {...control}
          className="field"
          value={text}
          onChange={({ target }) => setEdited(target.value)}
          onBlur={apply}
          onKeyDown={({ key }) => {
            if (key === 'Enter') apply()
          }}
        />
      )}
    </Field>
  )
}
