// What every collect command does around its source: output files, the estimate, the measurements file, and the run of it.
import type { CollectedMeasurements, SourceSurvey } from '../../../src-shared/sources/source-requests.ts'
import { analyze } from '../../engine/analyze.ts'
import { databaseMemory, parseMemoryLimit } from '../../engine/resource-limits.ts'
import { asResumable, type CollectedParts } from '../../sources/collection.ts'
import { assembleMeasurements } from '../../sources/assemble-measurements.ts'
import { describeFindings } from '../analyze-command.ts'
import { readSettings, type StatedSettings } from '../read-settings.ts'
import { countText } from '../report-text.ts'
import { createProgressView, jsonText, print, say, type ProgressView } from '../terminal.ts'

export interface CollectOptions extends StatedSettings {
  readonly out: string
  readonly until?: string
  readonly extend?: boolean
  readonly force?: boolean
  readonly estimate?: boolean
  readonly run?: string
  readonly memoryLimit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Progress as JSON lines where asked for, as of an analysis. */
export const createCollectView = ({ json, quiet }: CollectOptions): ProgressView => createProgressView({ json, quiet })

export const describeSurvey = (survey: SourceSurvey): string =>
  [
    `${countText(survey.servers, 'server')}, such as ${survey.examples.join(', ')}`,
    `Series: ${survey.metrics.map(({ metric, series }) => `${series.toLocaleString('en-US')} of ${metric}`).join(', ')}`,
    ...(survey.attributes.length === 0 ? [] : [`Servers table: ${survey.attributes.join(', ')}`]),
    `${countText(survey.requests, 'request')} for up to ${survey.values.toLocaleString('en-US')} values, about ${String(survey.seconds)} s${
      survey.costUsd === null ? '' : `, about ${survey.costUsd.toFixed(2)} USD`
    }`,
    ...survey.notes.map((note) => `Note: ${note}`),
  ].join('\n')

/** Says what there is. */
export const showSurvey = (survey: SourceSurvey, options: CollectOptions): void => {
  if (options.estimate === true) print(options.json === true ? jsonText({ type: 'survey', survey }) : describeSurvey(survey))
  else if (options.json === true) print(jsonText({ type: 'survey', survey }))
  else if (options.quiet !== true) say(describeSurvey(survey))
}

/** Writes the file and removes the parts; then the run, where one is asked for. */
export const finishCollect = async (
  { collection, parts, source }: CollectedParts,
  options: CollectOptions,
  view: ProgressView,
  signal: AbortSignal,
): Promise<void> => {
  const { out, json, run } = options
  let collected: CollectedMeasurements
  try {
    const memoryLimit = databaseMemory(parseMemoryLimit(options.memoryLimit))
    collected = await assembleMeasurements(
      { folder: collection.folder, parts, out, extends: options.extend === true, source, memoryLimit },
      signal,
    )
  } catch (thrown) {
    await collection.release()
    throw asResumable(thrown)
  }
  await collection.remove()
  for (const note of collected.notes) view.show({ type: 'warning', warning: { code: 'source-note', message: note } })
  if (json === true) print(jsonText({ type: 'collected', ...collected }))
  else {
    view.end()
    print(
      `${out}: ${collected.rows.toLocaleString('en-US')} rows of ${countText(collected.servers, 'server')}, ${collected.metrics.join(', ')}`,
    )
    print(`${collected.serversTable}: servers table`)
  }
  if (run === undefined) return
  const { settings: config, warnings } = await readSettings(options)
  const runView = createCollectView(options)
  const { manifest, events } = await analyze(
    {
      inputs: [out],
      out: run,
      method: 'headroom',
      config,
      configWarnings: warnings,
      serversTable: collected.serversTable,
      memoryLimit: options.memoryLimit,
    },
    { signal, onEvent: runView.show },
  ).finally(runView.end)
  if (json !== true) print(describeFindings(manifest, events, run))
}
