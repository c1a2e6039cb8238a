// headroom analyze: runs the engine with progress, then prints the findings and the run folder.
import { isJudgedMetric, notJudgedText, type AnalysisMethod } from '../../src-shared/config/analysis-config.ts'
import { unitArgument } from '../../src-shared/config/metric-units.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'
import { dayText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import type { EventReport } from '../../src-shared/artefacts/event-report.ts'
import { analyze } from '../engine/analyze.ts'
import { countNewAtRisk, judgeGates, type Gates } from '../cycle/gates.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { assertGates, reportGates } from './gates.ts'
import { readSettings, type StatedSettings } from './read-settings.ts'
import { countText } from './report-text.ts'
import { runCancellable, print, createProgressView } from './terminal.ts'

export interface AnalyzeOptions extends StatedSettings {
  readonly out: string
  readonly backtest?: readonly string[]
  readonly batchInput?: readonly string[]
  readonly servers?: string
  readonly events?: string
  readonly projects?: string
  readonly drivers?: string
  readonly catalogue?: string
  readonly method: AnalysisMethod
  readonly model?: string
  readonly previous?: string
  readonly gate: Gates
  readonly runId?: string
  readonly threads?: number
  readonly memoryLimit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runAnalyze = async (inputs: readonly string[], options: AnalyzeOptions): Promise<void> => {
  const { previous, gate, out } = options
  assertGates(gate, previous)
  const { settings: config, warnings } = await readSettings(options)
  const view = createProgressView(options)
  try {
    const { manifest, events } = await runCancellable((signal) =>
      withChangeWarnings(previous === undefined ? [] : [previous], () =>
        analyze(
          {
            inputs: [...inputs, ...(options.backtest ?? []), ...(options.batchInput ?? [])],
            out,
            method: options.method,
            config,
            configWarnings: warnings,
            serversTable: options.servers,
            eventsTable: options.events,
            projectsTable: options.projects,
            driversTable: options.drivers,
            catalogue: options.catalogue,
            model: options.model,
            previousRun: previous,
            runId: options.runId,
            threads: options.threads,
            memoryLimit: options.memoryLimit,
          },
          { signal, onEvent: view.show },
        ),
      ),
    )
    view.end()
    if (options.json !== true) print(describeFindings(manifest, events, out))
    const newAtRisk = previous === undefined || gate.new_at_risk === undefined ? null : await compareWith(previous, out)
    reportGates(judgeGates(gate, manifest.counts, newAtRisk), options.json === true)
  } catch (thrown) {
    view.end()
    throw thrown
  }
}

const compareWith = async (previous: string, out: string): Promise<number> => {
  const { compareRuns } = await import('../queries/compare/compare-runs.ts')
  return countNewAtRisk(await runCancellable((signal) => compareRuns(previous, out, { signal })))
}

export const describeFindings = (manifest: RunManifest, events: EventReport | null, folder: string): string =>
  [...describeRisk(manifest), ...(events === null ? [] : eventFindings(events)), `Run folder: ${folder}`].join('\n')

const describeRisk = ({ counts, config, horizon, method, metrics, time_zone: zone }: RunManifest): string[] => {
  if (!metrics.some((metric) => isJudgedMetric(config, method, metric))) {
    return [
      `${countText(counts.total_servers, 'server')} ${notJudgedText(metrics)}`,
      `If one is in percent, state it: --unit ${unitArgument(metrics[0]!, 'percent')}`,
    ]
  }
  const threshold = method === 'module05' ? 80 : config.high_risk_threshold
  return [
    `${counts.at_risk_servers} of ${counts.total_servers} servers at risk: P95 ${config.basis === 'probable' ? 'likely ' : ''}above ${threshold} % by ${dayText(zoneClock(zone), Date.parse(horizon.end))}`,
    `${counts.underutilized_servers} underutilised (horizon mean below ${config.underutilized_threshold} %)`,
    ...(counts.silent_servers === 0 ? [] : [`${countText(counts.silent_servers, 'server')} silent: not judged, no recent measurement`]),
  ]
}

const eventFindings = ({ events, together }: EventReport): string[] => {
  const exclusions = events.flatMap(({ left_out }) => left_out ?? [])
  const rows = exclusions.reduce((sum, exclusion) => sum + exclusion.rows, 0)
  return [
    ...(together === null
      ? []
      : [
          `With future events ${together.after.at_risk_servers} at risk: ${countText(together.pushed_over.count, 'server')} newly at risk, ${together.saved.count} no longer at risk`,
        ]),
    ...(exclusions.length === 0
      ? []
      : [`${countText(exclusions.length, 'past event')} left out of errors and season (${countText(rows, 'row')})`]),
  ]
}
