// headroom sample: writes a seeded forecast set and its servers table.
import { writeSampleFleet } from '../sample/write-sample-fleet.ts'
import { cancellable, jsonText, print, progressView } from './terminal.ts'

export interface SampleOptions {
  readonly out: string
  readonly servers: number
  readonly granularity: 'daily' | 'hourly'
  readonly seed: number
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runSample = async (options: SampleOptions): Promise<void> => {
  const view = progressView({ quiet: options.quiet === true || options.json === true })
  const { out, servers, granularity, seed } = options
  const written = await cancellable((signal) =>
    writeSampleFleet({ out, servers, granularity, seed }, { signal, onEvent: view.show }),
  ).finally(view.end)
  if (options.json === true) {
    print(jsonText({ forecasts: written.forecasts, servers_table: written.serversTable, rows: written.rows }))
    return
  }
  print(`${written.forecasts}: ${written.rows.toLocaleString('en-US')} rows of ${servers.toLocaleString('en-US')} servers`)
  print(`${written.serversTable}: servers table`)
}
