// headroom sample: writes seeded forecasts, or measurements alone, and their servers table.
import { assertNewFiles } from '../run-folder/output-file.ts'
import { yesterday } from '../sample/sample-calendar.ts'
import { writeSampleFleet } from '../sample/write-sample-fleet.ts'
import { runCancellable, jsonText, print, createProgressView } from './terminal.ts'

export interface SampleOptions {
  readonly out: string
  readonly servers: number
  readonly granularity: 'daily' | 'hourly'
  readonly seed: number
  readonly end?: string
  readonly firstEnd?: string
  readonly measurements?: boolean
  readonly complete?: boolean
  readonly force?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runSample = async (options: SampleOptions): Promise<void> => {
  await assertNewFiles([options.out, options.out.replace(/\.parquet$/, '.servers.csv')], options)
  const view = createProgressView({ quiet: options.quiet === true || options.json === true })
  const { out, servers, granularity, seed, end = yesterday(Date.now()), firstEnd } = options
  const contents = options.measurements === true ? 'measurements' : options.complete === true ? 'complete' : 'forecasts'
  const sample = await runCancellable((signal) =>
    writeSampleFleet({ out, servers, granularity, seed, end, firstEnd, contents }, { signal, onEvent: view.show }),
  ).finally(view.end)
  if (options.json === true) {
    const kind = contents === 'measurements' ? 'measurements' : 'forecasts'
    print(jsonText({ [kind]: sample.forecasts, servers_table: sample.serversTable, rows: sample.rows }))
    return
  }
  print(`${sample.forecasts}: ${sample.rows.toLocaleString('en-US')} rows of ${servers.toLocaleString('en-US')} servers`)
  print(`${sample.serversTable}: servers table`)
  if (sample.eventsTable !== undefined) print(`${sample.eventsTable}: event calendar`)
  for (const { weeks, forecasts } of sample.earlier ?? []) print(`${forecasts}: forecasts of ${weeks} weeks earlier`)
}
