// headroom plan: writes the row-level work of an analysis as Spark SQL, for forecasts too large for one machine.
import { join } from 'node:path'
import { assertNewFiles } from '../run-folder/output-file.ts'
import { planSparkJob } from '../engine/spark/plan-spark-job.ts'
import { readSettings, type StatedSettings } from './read-settings.ts'
import { runCancellable, print, say } from './terminal.ts'

export interface PlanOptions extends StatedSettings {
  readonly out: string
  readonly servers?: string
  readonly model?: string
  readonly force?: boolean
}

export const runPlan = async (inputs: readonly string[], options: PlanOptions): Promise<void> => {
  await assertNewFiles([join(options.out, 'plan.json')], options)
  const { settings: config, warnings } = await readSettings(options)
  for (const { message } of warnings) say(`Warning: ${message}`)
  const { steps, warnings: planWarnings } = await runCancellable((signal) =>
    planSparkJob({ inputs, out: options.out, config, serversTable: options.servers, model: options.model }, { signal }),
  )
  for (const { message } of planWarnings) say(`Warning: ${message}`)
  print(`${steps.length} statements: ${options.out}`)
}
