// What one-off things explain or will change this? The run's event ledger, line by line, with its effect before and after.
import type { EventReport, EventScenario, LedgerEventReport } from '../../src-shared/event-report.ts'
import { EmptyState } from '../components/empty-state.tsx'
import { Loaded } from '../components/loaded.tsx'
import { openServer } from '../state/navigation.ts'
import { useRequest } from '../state/use-request.ts'
import { formatDate, formatNumber, formatSigned, formatting } from '../theme/formatting.ts'
import type { RunViewProps } from './view-entry.ts'

const namedServers = 6

export const EventsView = ({ run }: RunViewProps) => {
  const answer = useRequest('run.events', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Events">
      <Loaded answer={answer}>
        {(report) =>
          report.events.length === 0 ? (
            <EmptyState title="This run knows of no events">
              Write a ledger of one-off things (a merger, a trade fair, a move) as CSV and analyse with headroom analyze SET --events
              FILE.csv: past ones are left out of the errors and the season, those to come are told as a scenario.
            </EmptyState>
          ) : (
            <Ledger report={report} />
          )
        }
      </Loaded>
    </main>
  )
}

const Ledger = ({ report: { events, together } }: { readonly report: EventReport }) => (
  <div className="page-inner">
    <h1 className="finding">
      {together === null
        ? `${formatting.count(events.length)} events, none of them still to come`
        : `All events to come together: ${change(together)}`}
    </h1>
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">What</th>
          <th scope="col">Servers</th>
          <th scope="col" data-number>
            Effect
          </th>
          <th scope="col">In the past</th>
          <th scope="col">In the forecast</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.line}>
            <td>{formatDate(Date.parse(event.from))}</td>
            <td>{formatDate(Date.parse(event.until) - 1)}</td>
            <td>{event.note ?? event.target}</td>
            <td>
              {event.target} ({formatting.count(event.servers)})
            </td>
            <td data-number>
              {event.effect === null ? '–' : `${formatSigned(event.effect.amount)} ${event.effect.unit === 'percent' ? '%' : 'points'}`}
            </td>
            <td>{pastWords(event)}</td>
            <td>{event.scenario === null ? '–' : <Scenario scenario={event.scenario} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const change = ({ before, after }: EventScenario): string =>
  `${formatting.count(after.at_risk_servers)} servers at risk instead of ${formatting.count(before.at_risk_servers)}`

const pastWords = ({ left_out: left }: LedgerEventReport): string => {
  if (left === null) return '–'
  const effects = left.effects.map(({ metric, mean_error: error }) => `${metric} ${formatSigned(error)} points`)
  return `${formatting.count(left.rows)} rows left out${effects.length === 0 ? '' : `; it added ${effects.join(', ')}`}`
}

const Scenario = ({ scenario }: { readonly scenario: EventScenario }) => {
  const { pushed_over: pushed, saved, after } = scenario
  const least = after.least_headroom
  return (
    <>
      {change(scenario)}
      {pushed.count > 0 && (
        <>
          ; pushed over:{' '}
          {pushed.servers.slice(0, namedServers).map((server) => (
            <button key={server} type="button" className="link event-server" onClick={() => openServer(server)}>
              {server}
            </button>
          ))}
          {pushed.count > namedServers && ` and ${formatting.count(pushed.count - namedServers)} more`}
        </>
      )}
      {saved.count > 0 && `; ${formatting.count(saved.count)} saved`}
      {least !== null && `; least headroom ${least.server_id} at ${formatNumber(least.value)} of ${formatNumber(least.threshold)}`}
    </>
  )
}
