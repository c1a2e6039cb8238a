// Headline figures of a run in Prometheus' text format, for the textfile collector of node_exporter.
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { readCapacityReport } from '../queries/capacity/read-capacity-report.ts'
import { loadDecisions } from '../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { referenceDay } from '../queries/run/reference-day.ts'
import { replaceFile } from '../run-folder/replace-file.ts'

interface Metric {
  readonly name: string
  readonly help: string
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[]
}

const dayMs = 86_400_000

/** `asOf`, YYYY-MM-DD: the day by which orders are late. Throws run-not-found for a folder of Module 05, file-not-written. */
export const writeTextfileMetrics = async (run: OpenRun, path: string, asOf?: string): Promise<void> => {
  const metrics = await readMetrics(run, asOf)
  await replaceFile(path, (stagingPath) => writeFile(stagingPath, metrics.map(metricText).join('')))
}

const readMetrics = async (run: OpenRun, asOf?: string): Promise<Metric[]> => {
  const { contents, database } = run
  const { manifest } = contents
  if (manifest === null)
    throw new HeadroomError('run-not-found', `${contents.folder} is a Module 05 folder, which states no counts.`, {
      next: 'Analyse its forecasts with headroom analyze.',
    })
  const groups = await database.rows(
    `SELECT coalesce(business_unit, '') AS business_unit, CAST(count(DISTINCT server_id) AS INTEGER) AS servers,
            CAST(count(DISTINCT server_id) FILTER (is_server_at_risk) AS INTEGER) AS at_risk
     FROM server_risk GROUP BY ALL ORDER BY business_unit`,
    z.object({ business_unit: z.string(), servers: z.int(), at_risk: z.int() }),
  )
  await loadDecisions(run, asOf)
  const { orders } = await database.row(
    `SELECT CAST(count(DISTINCT server_id) FILTER (is_order_late${asOf === undefined ? '' : ` OR epoch_ms(order_by) < ${referenceDay(run, asOf).startMs}`}) AS INTEGER) AS orders
     FROM server_risk r WHERE recommendation = 'add capacity' AND NOT EXISTS (
       FROM decisions d WHERE d.server_id = r.server_id AND d.recommendation = r.recommendation AND d.verdict IN ('dismissed', 'done'))`,
    z.object({ orders: z.int() }),
  )
  const startMs = Date.parse(manifest.horizon.start)
  const report = await readCapacityReport(contents)
  const runways = (report?.groups ?? []).flatMap(({ kind, group, metric, runway_p50, runway_p90 }) =>
    [
      ['p50', runway_p50],
      ['p90', runway_p90],
    ].flatMap(([percentile, at]) =>
      at === null ? [] : [{ labels: { kind, group, metric, percentile: percentile! }, value: (Date.parse(at!) - startMs) / dayMs }],
    ),
  )
  return [
    {
      name: 'headroom_servers',
      help: 'Servers of the run by business unit.',
      samples: groups.map(({ business_unit, servers }) => ({ labels: { business_unit }, value: servers })),
    },
    {
      name: 'headroom_at_risk_servers',
      help: 'Servers at risk by business unit.',
      samples: groups.map(({ business_unit, at_risk }) => ({ labels: { business_unit }, value: at_risk })),
    },
    {
      name: 'headroom_underutilized_servers',
      help: 'Servers whose mean forecast is below underutilized_threshold.',
      samples: [{ value: manifest.counts.underutilized_servers }],
    },
    {
      name: 'headroom_silent_servers',
      help: 'Servers without a recent measurement.',
      samples: [{ value: manifest.counts.silent_servers }],
    },
    {
      name: 'headroom_late_orders',
      help: 'Servers whose latest day to order capacity has passed, unless their order is dismissed or done.',
      samples: [{ value: orders }],
    },
    {
      name: 'headroom_runway_days',
      help: 'Days from the start of the horizon until a cluster or host is full; none where that lies after the horizon.',
      samples: runways,
    },
    {
      name: 'headroom_analyzed_timestamp_seconds',
      help: 'Time of the analysis.',
      samples: [{ value: Date.parse(manifest.analyzed_at) / 1000 }],
    },
  ]
}

const metricText = ({ name, help, samples }: Metric): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`),
    '',
  ].join('\n')

const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  labels === undefined
    ? ''
    : `{${Object.entries(labels)
        .map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`)
        .join(',')}}`
