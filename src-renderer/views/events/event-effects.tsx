// Effects of an event as text: rows excluded from history, and servers at risk before and after.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import type { EventScenario, EventReportEntry } from '../../../src-shared/artefacts/event-report.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { groupColumns } from '../../../src-shared/ipc/fleet-filter.ts'
import { openServer } from '../../state/navigation.ts'
import { formatDate, formatSigned, formatting } from '../../theme/formatting.ts'

const maxNamedServers = 6

export const describeChange = ({ before, after }: EventScenario): string => {
  const servers = after.at_risk_servers === 1 ? '1 server' : `${formatting.count(after.at_risk_servers)} servers`
  return after.at_risk_servers === before.at_risk_servers
    ? `${servers} at risk (unchanged)`
    : `${servers} at risk (was ${formatting.count(before.at_risk_servers)})`
}

/** Input as in an events table: `*`, servers, or groups such as `business_unit=Payments; region=us-east`. */
export const describeTarget = (target: string): string => {
  if (target === '*') return 'all servers'
  const parts = target.split(';').map((part) => {
    const [column = '', ...value] = part.split('=')
    const groupColumn = groupColumns.find((name) => name === column.trim().toLowerCase())
    return groupColumn === undefined ? part.trim() : `${groupColumn.replace('_', ' ')} ${value.join('=').trim()}`
  })
  return parts.join(target.includes('=') ? ' and ' : ', ')
}

const horizonStartMs = ({ horizon, extent }: RunOverview): number => horizon?.startMs ?? extent.endMs

export const describePastEffect = (
  { left_out: excluded, from, servers }: EventReportEntry,
  isApplied: boolean,
  run: RunOverview,
): string => {
  if (excluded !== null) {
    const effects = excluded.effects.map(({ metric, mean_error: error }) => `${metricLabel(metric)} ${formatSigned(error)} points`)
    return `${formatting.count(excluded.rows)} rows excluded${effects.length === 0 ? '' : `; mean effect ${effects.join(', ')}`}`
  }
  if (servers === 0 || Date.parse(from) >= horizonStartMs(run)) return '–'
  return isApplied ? 'no measurements in this period' : 'excluded after re-run'
}

export const ForecastEffect = ({ event, run }: { readonly event: EventReportEntry; readonly run: RunOverview }) => {
  if (event.servers === 0) return <>no matching server or metric</>
  if (event.scenario !== null) return <Scenario scenario={event.scenario} run={run} />
  if (Date.parse(event.until) <= horizonStartMs(run)) return <>–</>
  return <>{event.effect === null ? 'no effect given' : 'no forecast in this period'}</>
}

const Scenario = ({ scenario, run }: { readonly scenario: EventScenario; readonly run: RunOverview }) => {
  const { pushed_over: newlyAtRisk, saved, before, after } = scenario
  const lowestHeadroom = after.least_headroom
  const unit = run.metrics.find(({ name }) => name === lowestHeadroom?.metric)?.unit ?? ''
  return (
    <>
      {describeChange(scenario)}
      {newlyAtRisk.count > 0 && (
        <>
          ; newly at risk:{' '}
          {newlyAtRisk.servers.slice(0, maxNamedServers).map((server) => (
            <button key={server} type="button" className="link event-server" onClick={() => openServer(server)}>
              {server}
            </button>
          ))}
          {newlyAtRisk.count > maxNamedServers && ` and ${formatting.count(newlyAtRisk.count - maxNamedServers)} more`}
        </>
      )}
      {after.soonest_breach_at !== null &&
        after.soonest_breach_at !== before.soonest_breach_at &&
        `; first breach ${formatDate(Date.parse(after.soonest_breach_at))}${before.soonest_breach_at === null ? '' : ` (was ${formatDate(Date.parse(before.soonest_breach_at))})`}`}
      {saved.count > 0 && `; ${formatting.count(saved.count)} no longer at risk`}
      {lowestHeadroom !== null &&
        `; lowest headroom: ${lowestHeadroom.server_id}, P95 ${formatting.value(lowestHeadroom.value, unit)} (threshold ${formatting.value(lowestHeadroom.threshold, unit)})`}
    </>
  )
}
