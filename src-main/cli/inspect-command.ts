// headroom inspect: describes forecasts without analysing them.
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import type { MetricUnit } from '../../src-shared/config/metric-units.ts'
import { inspectForecasts, type Inspection } from '../engine/inspect-forecasts.ts'
import { readSettings } from './read-settings.ts'
import { runCancellable, jsonText, print, tableText } from './terminal.ts'

export const runInspect = async (
  inputs: readonly string[],
  options: {
    readonly config?: string
    readonly unit: Readonly<Record<string, MetricUnit>>
    readonly decimal?: DecimalSetting
    readonly timeZone?: string
    readonly json?: boolean
  },
): Promise<void> => {
  const { settings: config, warnings } = await readSettings(options)
  const described = await runCancellable((signal) => inspectForecasts({ inputs, config }, { signal }))
  const inspection = { ...described, warnings: [...warnings, ...described.warnings] }
  print(options.json === true ? jsonText({ ...inspection }, 2) : describeInspection(inspection))
}

const formatCount = (value: number): string => value.toLocaleString('en-US')

const describeInspection = (inspection: Inspection): string =>
  [
    `${formatCount(inspection.rows)} rows in ${formatCount(inspection.files.length)} ${inspection.files.length === 1 ? 'file' : 'files'}, ${formatCount(inspection.servers)} servers, ${formatCount(inspection.series)} series, ${inspection.granularity}`,
    `Metrics: ${inspection.metrics.join(', ')}`,
    `Measured: ${inspection.measured.start ?? 'nothing'} to ${inspection.measured.end ?? 'nothing'}`,
    `Horizon: ${inspection.horizon.start} to ${inspection.horizon.end}, ${formatCount(inspection.horizon.periods)} periods at most`,
    '',
    tableText(
      ['column', 'type', 'read as'],
      inspection.schema.map(({ column, type }) => [
        column,
        type,
        inspection.mapped_columns.find((mapping) => mapping.column === column)?.role ?? '',
      ]),
    ),
    '',
    tableText(
      ['model', 'series', 'backtest points', 'horizon points'],
      inspection.models.map((model) => [
        model.model,
        formatCount(model.series),
        formatCount(model.backtest_points),
        formatCount(model.horizon_points),
      ]),
    ),
    '',
    ...(inspection.warnings.length === 0 ? ['No warnings.'] : inspection.warnings.map(({ message }) => `Warning: ${message}`)),
  ].join('\n')
