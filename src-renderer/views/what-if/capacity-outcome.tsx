// What a scenario does to clusters, and to the metrics that follow a business driver.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { memberPlacementText } from '../../../src-shared/artefacts/member-placement-text.ts'
import type { CapacityOutcome, ClusterFigures, DriverEffect } from '../../../src-shared/ipc/what-if.ts'
import { openServer } from '../../state/navigation.ts'
import { formatDate, formatNumber, formatSigned, formatting } from '../../theme/formatting.ts'

const maxRows = 40

const changeText = (before: string, after: string): string => (before === after ? before : `${before} → ${after}`)
const numberText = (value: number | null): string => (value === null ? '–' : formatNumber(value))
const runwayText = ({ limit, demand_p90: demand }: ClusterFigures, time: string | null): string =>
  limit === null || demand === null ? 'not known' : runwayDate(time)

/** A date, or that it lies behind the forecasts. */
export const runwayDate = (time: string | null): string => (time === null ? 'after the horizon' : formatDate(Date.parse(time)))

export const ClusterOutcome = ({ outcome }: { readonly outcome: CapacityOutcome }) => {
  const { clusters, placements, notes } = outcome
  return (
    <section aria-label="Clusters" className="capacity-outcome">
      <h2>Clusters</h2>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Cluster</th>
            <th scope="col">Metric</th>
            <th scope="col" data-number>
              Hosts
            </th>
            <th scope="col" data-number>
              Limit
            </th>
            <th scope="col" data-number>
              Demand P90
            </th>
            <th scope="col">Runway P50</th>
            <th scope="col">Runway P90</th>
            <th scope="col" data-number>
              Hosts to buy
            </th>
          </tr>
        </thead>
        <tbody>
          {clusters.slice(0, maxRows).map(({ cluster, metric, unit, run, scenario }) => (
            <tr key={`${cluster} ${metric}`}>
              <td>{cluster}</td>
              <td>
                {metricLabel(metric)} <span className="muted">{unit}</span>
              </td>
              <td data-number>{changeText(formatting.count(run.hosts), formatting.count(scenario.hosts))}</td>
              <td data-number>{changeText(numberText(run.limit), numberText(scenario.limit))}</td>
              <td data-number>{changeText(numberText(run.demand_p90), numberText(scenario.demand_p90))}</td>
              <td>{changeText(runwayText(run, run.runway_p50), runwayText(scenario, scenario.runway_p50))}</td>
              <td>{changeText(runwayText(run, run.runway_p90), runwayText(scenario, scenario.runway_p90))}</td>
              <td data-number>{changeText(numberText(run.hosts_to_buy), numberText(scenario.hosts_to_buy))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {clusters.length > maxRows && (
        <p className="muted">
          Showing {formatting.count(maxRows)} of {formatting.count(clusters.length)}, those that change first.
        </p>
      )}
      {placements.map(({ cluster, members, unplaced }) => (
        <p key={cluster} className="verdict">
          {memberPlacementText(cluster, members, unplaced)}
        </p>
      ))}
      {notes.map((note) => (
        <p key={note} className="verdict">
          {note}
        </p>
      ))}
    </section>
  )
}

export const DriverOutcome = ({ effects }: { readonly effects: readonly DriverEffect[] }) => {
  const newly = effects.filter((effect) => effect.is_newly_above).length
  return (
    <section aria-label="Business drivers" className="capacity-outcome">
      <h2>
        Business drivers: {formatting.count(newly)} of {formatting.count(effects.length)} metrics newly above the threshold
      </h2>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col">Metric</th>
            <th scope="col">Driver</th>
            <th scope="col" data-number>
              Run P95
            </th>
            <th scope="col" data-number>
              P95
            </th>
            <th scope="col">95 % interval</th>
            <th scope="col" data-number>
              Threshold
            </th>
            <th scope="col">Newly above</th>
          </tr>
        </thead>
        <tbody>
          {effects.slice(0, maxRows).map((effect) => (
            <tr key={`${effect.server_id} ${effect.metric} ${effect.driver} ${effect.group ?? ''}`}>
              <td>
                <button type="button" className="link" onClick={() => openServer(effect.server_id)}>
                  {effect.server_id}
                </button>
              </td>
              <td>{metricLabel(effect.metric)}</td>
              <td>
                {effect.driver}
                {effect.group !== null && `, ${effect.group}`} <span className="muted">{formatSigned(effect.percent)} %</span>
              </td>
              <td data-number>{formatNumber(effect.run_p95)}</td>
              <td data-number>{formatNumber(effect.p95)}</td>
              <td>
                {formatNumber(effect.p95_low)} to {formatNumber(effect.p95_high)}
              </td>
              <td data-number>{numberText(effect.high_threshold)}</td>
              <td>{effect.is_newly_above ? 'yes' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {effects.length > maxRows && (
        <p className="muted">
          Showing {formatting.count(maxRows)} of {formatting.count(effects.length)}, by falling P95.
        </p>
      )}
    </section>
  )
}
