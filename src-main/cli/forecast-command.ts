// headroom forecast: forecasts measurements by Headroom's own models and writes an ordinary forecasts file.
import { forecastFile } from '../engine/forecast-file.ts'
import type { ForecastStep } from '../forecasting/forecast-options.ts'
import type { PeriodStatistic } from '../../src-shared/config/metric-units.ts'
import type { ForecastModelName } from '../forecasting/model-names.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import { readSettings, type StatedSettings } from './read-settings.ts'
import { createProgressView, jsonText, print, runCancellable } from './terminal.ts'

export interface ForecastCommandOptions extends StatedSettings {
  readonly out: string
  readonly horizon?: number
  readonly step?: ForecastStep
  readonly statistic?: PeriodStatistic
  readonly model: readonly ForecastModelName[]
  readonly threads?: number
  readonly memoryLimit?: string
  readonly force?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runForecast = async (inputs: readonly string[], options: ForecastCommandOptions): Promise<void> => {
  await assertNewFiles([options.out], options, inputs)
  const { settings: config, warnings } = await readSettings(options)
  const view = createProgressView({ quiet: options.quiet === true || options.json === true })
  for (const warning of warnings) view.show({ type: 'warning', warning })
  const { out, horizon, step, statistic, threads, memoryLimit } = options
  const models = options.model.length === 0 ? undefined : options.model
  const report = await runCancellable((signal) =>
    forecastFile({ inputs, out, config, horizon, step, statistic, models, threads, memoryLimit }, { signal, onEvent: view.show }),
  ).finally(view.end)
  if (options.json === true) {
    print(jsonText({ forecasts: out, ...report, warnings: [...warnings, ...report.warnings] }))
    return
  }
  print(report.summary)
  print(
    `${out}: ${report.rows.toLocaleString('en-US')} rows of ${report.series.toLocaleString('en-US')} series, models ${report.models.join(', ')}`,
  )
}
