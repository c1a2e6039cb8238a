// headroom plan: writes the row-level work of an analysis as Spark SQL, for forecasts too large for one machine.
import { join } from 'node:path'
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import type { MetricUnit } from '../../src-shared/config/metric-units.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import { planSparkJob } from '../engine/spark/plan-spark-job.ts'
import { readSettings } from './read-settings.ts'
import { runCancellable, print, say } from './terminal.ts'

export interface PlanOptions {
  readonly out: string
  readonly config?: string
  readonly servers?: string
  readonly model?: string
  readonly force?: boolean
  readonly set: readonly string[]
  readonly unit: Readonly<Record<string, MetricUnit>>
  readonly decimal?: DecimalSetting
  readonly timeZone?: string
}

export const runPlan = async (inputs: readonly string[], options: PlanOptions): Promise<void> => {
  await assertNewFiles([join(options.out, 'plan.json')], options)
  const { settings: config, warnings } = await readSettings(options)
  for (const { message } of warnings) say(`Warning: ${message}`)
  const { steps } = await runCancellable((signal) =>
    planSparkJob({ inputs, out: options.out, config, serversTable: options.servers, model: options.model }, { signal }),
  )
  print(`${steps.length} statements: ${options.out}`)
}
