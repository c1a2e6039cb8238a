// headroom finish: completes a run from Spark output.
import { finishSparkRun } from '../engine/spark/finish-spark-run.ts'
import { describeFindings } from './analyze-command.ts'
import { runCancellable, print, createProgressView } from './terminal.ts'

export interface FinishOptions {
  readonly out: string
  readonly events?: string
  readonly runId?: string
  readonly threads?: number
  readonly memoryLimit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runFinish = async (stage: string, options: FinishOptions): Promise<void> => {
  const view = createProgressView(options)
  try {
    const { out, events: eventsTable, runId, threads, memoryLimit } = options
    const { manifest, events } = await runCancellable((signal) =>
      finishSparkRun({ sparkOutput: stage, out, eventsTable, runId, threads, memoryLimit }, { signal, onEvent: view.show }),
    )
    view.end()
    if (options.json !== true) print(describeFindings(manifest, events, out))
  } catch (thrown) {
    view.end()
    throw thrown
  }
}
