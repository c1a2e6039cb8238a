// headroom inspect: what a forecast set holds, without analysing it into a folder.
import { inspectForecasts, type Inspection } from '../engine/inspect-forecasts.ts'
import { readSettings } from './read-config.ts'
import { cancellable, jsonText, print, tableText } from './terminal.ts'

export const runInspect = async (
  inputs: readonly string[],
  options: { readonly config?: string; readonly json?: boolean },
): Promise<void> => {
  const config = await readSettings(options.config, [], undefined)
  const inspection = await cancellable((signal) => inspectForecasts({ inputs, config }, { signal }))
  print(options.json === true ? jsonText({ ...inspection }, 2) : describe(inspection))
}

const count = (value: number): string => value.toLocaleString('en-US')

const describe = (found: Inspection): string =>
  [
    `${count(found.rows)} rows in ${count(found.files.length)} ${found.files.length === 1 ? 'file' : 'files'}, ${count(found.servers)} servers, ${count(found.series)} series, ${found.granularity}`,
    `Metrics: ${found.metrics.join(', ')}`,
    `Measured: ${found.measured.start ?? 'nothing'} to ${found.measured.end ?? 'nothing'}`,
    `Horizon: ${found.horizon.start} to ${found.horizon.end}, ${count(found.horizon.periods)} periods at most`,
    '',
    tableText(
      ['column', 'type', 'read as'],
      found.schema.map(({ column, type }) => [column, type, found.mapped_columns.find((mapping) => mapping.column === column)?.role ?? '']),
    ),
    '',
    tableText(
      ['model', 'series', 'backtest points', 'horizon points'],
      found.models.map((model) => [model.model, count(model.series), count(model.backtest_points), count(model.horizon_points)]),
    ),
    '',
    ...(found.warnings.length === 0 ? ['No warnings.'] : found.warnings.map(({ message }) => `Warning: ${message}`)),
  ].join('\n')
