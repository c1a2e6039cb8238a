// headroom inspect: describes files without analysing them.
import { exitCodeOf } from '../../src-shared/run/errors.ts'
import type { Inspection } from '../../src-shared/run/inspection.ts'
import { inspectForecasts } from '../engine/inspect-forecasts.ts'
import { readSettings, type StatedSettings } from './read-settings.ts'
import { runCancellable, jsonText, print, say, tableText } from './terminal.ts'
import { countText } from './report-text.ts'

export interface InspectOptions extends StatedSettings {
  readonly json?: boolean
  readonly rows?: number
  readonly backtest?: readonly string[]
  readonly batchInput?: readonly string[]
}

export const runInspect = async (inputs: readonly string[], options: InspectOptions): Promise<void> => {
  const { settings: config, warnings } = await readSettings(options)
  const request = { inputs: [...inputs, ...(options.backtest ?? []), ...(options.batchInput ?? [])], config, previewRows: options.rows }
  const described = await runCancellable((signal) => inspectForecasts(request, { signal }))
  const inspection = { ...described, warnings: [...warnings, ...described.warnings] }
  print(options.json === true ? jsonText({ ...inspection }, 2) : describeInspection(inspection))
  const { question, problem } = inspection
  const obstacle = question ?? problem
  if (obstacle === null) return
  say(`Error: ${obstacle.sentence}${problem?.next === undefined || problem.next === null ? '' : `\n${problem.next}`}`)
  process.exitCode = exitCodeOf(obstacle.code)
}

const formatCount = (value: number): string => value.toLocaleString('en-US')
const countOf = (count: number | null, singular: string, plural = `${singular}s`): string =>
  count === null ? `? ${plural}` : countText(count, singular, plural)

const describeInspection = (inspection: Inspection): string => {
  const { files, horizon, models, left_out: leftOut, warnings } = inspection
  const lines = [
    `${countOf(inspection.rows, 'row')} in ${countText(files.length, 'file')}, ${countOf(inspection.servers, 'server')}, ${countOf(inspection.series, 'series', 'series')}${inspection.granularity === null ? '' : `, ${inspection.granularity}`}`,
    `Metrics: ${inspection.units.map(({ metric, unit }) => `${metric} (${unit})`).join(', ')}`,
    `Measured: ${inspection.measured.start ?? 'nothing'} to ${inspection.measured.end ?? 'nothing'}`,
    horizon === null
      ? `Horizon: ${inspection.contents === 'measurements' ? 'none; these are measurements' : 'not known'}`
      : `Horizon: ${horizon.start} to ${horizon.end}, ${formatCount(horizon.periods)} periods at most`,
    '',
    tableText(
      ['column', 'type', 'read as'],
      inspection.schema.map(({ column, type }) => [column, type, rolesOf(inspection, column)]),
    ),
    '',
    tableText(
      ['model', 'series', 'backtest points', 'horizon points'],
      models.map((model) => [
        model.model,
        formatCount(model.series),
        formatCount(model.backtest_points),
        formatCount(model.horizon_points),
      ]),
    ),
    '',
    ...leftOut.filter(({ kind }) => kind === 'rows').map(({ count, reason }) => `Left out: ${formatCount(count)} rows, ${reason}.`),
    ...(warnings.length === 0 ? ['No warnings.'] : warnings.map(({ message }) => `Warning: ${message}`)),
  ]
  return lines.join('\n')
}

/** "predicted (alias)" where the name is not the canonical one. */
const rolesOf = ({ mapping }: Inspection, column: string): string => {
  const roles = mapping?.files.flatMap((file) => file.roles.filter(({ columns }) => columns.includes(column))) ?? []
  return [...new Set(roles.map(({ role, how }) => (how === 'name' ? role : `${role} (${how})`)))].join(', ')
}
