// The figures of a scenario compared with the run, the servers whose risk changes, and the saved scenarios.
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { useId, useState } from 'react'
import type { SavedScenario, ScenarioFigures, Scenario, ServerList, WhatIfResult } from '../../../src-shared/ipc/what-if.ts'
import { KeyFigure } from '../../components/key-figure.tsx'
import { openServer } from '../../state/navigation.ts'
import { formatDate, formatDollars, formatNumber, formatProbability, formatSigned, formatting } from '../../theme/formatting.ts'

const listFigures = (
  fleet: ScenarioFigures,
  isJudged = true,
): readonly (readonly [name: string, value: number | null, write: (value: number) => string])[] => [
  ['At risk', isJudged ? fleet.at_risk_servers : null, formatting.count],
  ['Expected at risk', fleet.at_risk_expected, formatNumber],
  ['Underutilised', fleet.underutilized_servers, formatting.count],
  ['Units to add', fleet.units_to_add, formatNumber],
  ['Cost of added capacity (USD per month)', fleet.units_monthly_usd, formatDollars],
  ['Fleet cost (USD per month)', fleet.fleet_monthly_usd, formatDollars],
]

export const ScenarioOutcome = ({ result }: { readonly result: WhatIfResult }) => {
  const { is_judged: isJudged, run, outcome } = result
  const before = listFigures(run, isJudged)
  return (
    <>
      <h1 className="finding" aria-live="polite">
        {findingText(result)}
      </h1>
      <div className="key-figures">
        {listFigures(outcome, isJudged).map(([name, value, format], index) => {
          const runValue = before[index]?.[1] ?? null
          return (
            <KeyFigure
              key={name}
              label={name}
              value={value === null ? '–' : format(value)}
              note={
                value === null || runValue === null
                  ? name === 'Units to add'
                    ? 'capacity not stated'
                    : 'unknown'
                  : value === runValue
                    ? 'Unchanged'
                    : `${formatSigned(value - runValue)} (was ${format(runValue)})`
              }
            />
          )
        })}
        <KeyFigure
          label="First breach"
          value={outcome.soonest_breach === null ? 'none' : formatDate(Date.parse(outcome.soonest_breach.at))}
          note={outcome.soonest_breach?.server_id ?? (isJudged ? 'no server is at risk' : 'not judged')}
        />
      </div>
      {result.points_reason !== null && <p className="verdict">{result.points_reason}</p>}
      {result.unplaced.length > 0 && (
        <p className="verdict">
          {formatting.count(result.unplaced.length)} {result.unplaced.length === 1 ? 'group has' : 'groups have'} no remaining server for
          the removed demand.
        </p>
      )}
      <div className="columns">
        <ServerTable title="Newly at risk" list={result.newly_at_risk} hasProbabilities={result.points_reason === null} />
        <ServerTable title="No longer at risk" list={result.no_longer_at_risk} hasProbabilities={result.points_reason === null} />
      </div>
    </>
  )
}

const findingText = ({ is_judged, run, outcome }: WhatIfResult): string => {
  if (!is_judged)
    return `Risk of ${agreeNumber(`${formatting.count(outcome.servers)} [server|servers]`, outcome.servers)} is not judged: no metric has a threshold`
  const change = outcome.at_risk_servers - run.at_risk_servers
  const changeText = change === 0 ? 'unchanged' : `${formatting.count(Math.abs(change))} ${change > 0 ? 'more' : 'fewer'} than in the run`
  return `${formatting.count(outcome.at_risk_servers)} of ${agreeNumber(`${formatting.count(outcome.servers)} [server|servers]`, outcome.servers)} at risk, ${changeText}`
}

interface ServerTableProps {
  readonly title: string
  readonly list: ServerList
  readonly hasProbabilities: boolean
}

const ServerTable = ({ title, list, hasProbabilities }: ServerTableProps) => (
  <section aria-label={title}>
    <h2>
      {title}: {formatting.count(list.count)}
    </h2>
    {list.servers.length === 0 ? (
      <p className="muted">None.</p>
    ) : (
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col" data-number>
              Run
            </th>
            <th scope="col" data-number>
              Scenario
            </th>
            <th scope="col" data-number>
              Threshold
            </th>
            {hasProbabilities && (
              <th scope="col" data-number>
                At risk
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {list.servers.map((server) => (
            <tr key={`${server.server_id} ${server.metric}`}>
              <td>
                {server.run_value === null ? (
                  server.server_id
                ) : (
                  <button type="button" className="link" onClick={() => openServer(server.server_id)}>
                    {server.server_id}
                  </button>
                )}
              </td>
              <td data-number>{server.run_value === null ? '–' : formatNumber(server.run_value)}</td>
              <td data-number>{formatNumber(server.value)}</td>
              <td data-number>{formatNumber(server.threshold)}</td>
              {hasProbabilities && (
                <td data-number>
                  {orDash(server.run_at_risk_probability)} → {orDash(server.at_risk_probability)}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
)

const orDash = (probability: number | null): string => (probability === null ? '–' : formatProbability(probability))

export interface SavedScenariosProps {
  readonly saved: readonly SavedScenario[]
  readonly result: WhatIfResult
  readonly onSave: (name: string) => void
  readonly onShow: (scenario: Scenario) => void
  readonly onRemove: (name: string) => void
}

export const SavedScenarios = ({ saved, result, onSave, onShow, onRemove }: SavedScenariosProps) => {
  const [name, setName] = useState('')
  const id = useId()
  const rows: readonly { readonly name: string; readonly outcome: ScenarioFigures; readonly scenario: Scenario | null }[] = [
    { name: 'Current run', outcome: result.run, scenario: null },
    ...saved,
  ]
  return (
    <section aria-label="Saved scenarios" className="saved-scenarios">
      <h2>Saved scenarios</h2>
      <form
        className="actions"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() === '') return
          onSave(name.trim())
          setName('')
        }}
      >
        <label htmlFor={id}>Scenario name</label>
        <input id={id} className="field" value={name} maxLength={120} onChange={({ target }) => setName(target.value)} />
        <button type="submit" className="button" disabled={name.trim() === ''}>
          Save
        </button>
      </form>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Scenario</th>
            {listFigures(result.run).map(([title]) => (
              <th key={title} scope="col" data-number>
                {title}
              </th>
            ))}
            <th scope="col">Actions</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td>{row.name}</td>
              {listFigures(row.outcome).map(([title, value, format]) => (
                <td key={title} data-number>
                  {value === null ? '–' : format(value)}
                </td>
              ))}
              <td>
                {row.scenario !== null && (
                  <>
                    <button type="button" className="link" onClick={() => row.scenario !== null && onShow(row.scenario)}>
                      Show
                    </button>{' '}
                    <button type="button" className="link" aria-label={`Remove ${row.name}`} onClick={() => onRemove(row.name)}>
                      Remove
                    </button>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
