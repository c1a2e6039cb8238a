// headroom analyze: runs the engine with progress, then says what it found and where it lies.
import type { AnalysisMethod } from '../../src-shared/analysis-config.ts'
import type { RunManifest } from '../../src-shared/run-manifest.ts'
import { analyze } from '../engine/analyze.ts'
import { readSettings } from './read-config.ts'
import { cancellable, print, progressView } from './terminal.ts'

export interface AnalyzeOptions {
  readonly out: string
  readonly config?: string
  readonly servers?: string
  readonly method: AnalysisMethod
  readonly model?: string
  readonly set: readonly string[]
  readonly seed?: number
  readonly threads?: number
  readonly memoryLimit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runAnalyze = async (inputs: readonly string[], options: AnalyzeOptions): Promise<void> => {
  const config = await readSettings(options.config, options.set, options.seed)
  const view = progressView(options)
  try {
    const { manifest } = await cancellable((signal) =>
      analyze(
        {
          inputs,
          out: options.out,
          method: options.method,
          config,
          serversTable: options.servers,
          model: options.model,
          threads: options.threads,
          memoryLimit: options.memoryLimit,
        },
        { signal, onEvent: view.show },
      ),
    )
    view.end()
    if (options.json !== true) print(findings(manifest, options.out))
  } catch (thrown) {
    view.end()
    throw thrown
  }
}

const findings = ({ counts, config, horizon, method }: RunManifest, folder: string): string => {
  const threshold = method === 'module05' ? 80 : config.high_risk_threshold
  return [
    `${counts.at_risk_servers} of ${counts.total_servers} servers at risk: P95 above ${threshold} % by ${horizon.end.slice(0, 10)}`,
    `${counts.underutilized_servers} underutilised (horizon mean below ${config.underutilized_threshold} %)`,
    `Run folder: ${folder}`,
  ].join('\n')
}
