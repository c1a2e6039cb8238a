// What an event did and does, in words: the rows it took out of the past, and servers at risk before and after.
import type { EventScenario, EventReportEntry } from '../../../src-shared/artefacts/event-report.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { groupColumns } from '../../../src-shared/ipc/what-if.ts'
import { openServer } from '../../state/navigation.ts'
import { formatDate, formatSigned, formatting } from '../../theme/formatting.ts'

const maxNamedServers = 6

export const describeChange = ({ before, after }: EventScenario): string => {
  const servers = after.at_risk_servers === 1 ? '1 server' : `${formatting.count(after.at_risk_servers)} servers`
  return after.at_risk_servers === before.at_risk_servers
    ? `${servers} at risk, as many as without`
    : `${servers} at risk instead of ${formatting.count(before.at_risk_servers)}`
}

/** As an events table writes it: `*`, servers, or groups such as `business_unit=Payments; region=us-east`. */
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
    const effects = excluded.effects.map(({ metric, mean_error: error }) => `${metric} ${formatSigned(error)} points`)
    return `${formatting.count(excluded.rows)} rows left out${effects.length === 0 ? '' : `; it added ${effects.join(', ')}`}`
  }
  if (servers === 0 || Date.parse(from) >= horizonStartMs(run)) return '–'
  return isApplied ? 'no measured row lies within it' : 'left out once the set is analysed again'
}

export const ForecastEffect = ({ event, run }: { readonly event: EventReportEntry; readonly run: RunOverview }) => {
  if (event.servers === 0) return <>this run has no such server or metric</>
  if (event.scenario !== null) return <Scenario scenario={event.scenario} run={run} />
  if (Date.parse(event.until) <= horizonStartMs(run)) return <>–</>
  return <>{event.effect === null ? 'states no effect' : 'no forecast lies within it'}</>
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
          ; pushed over:{' '}
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
        `; soonest breach ${formatDate(Date.parse(after.soonest_breach_at))}${before.soonest_breach_at === null ? '' : ` instead of ${formatDate(Date.parse(before.soonest_breach_at))}`}`}
      {saved.count > 0 && `; ${formatting.count(saved.count)} no longer at risk`}
      {lowestHeadroom !== null &&
        `; least headroom ${lowestHeadroom.server_id}, P95 ${formatting.value(lowestHeadroom.value, unit)} of ${formatting.value(lowestHeadroom.threshold, unit)}`}
    </>
  )
}
