// How is my fleet? How many servers will run out, when, how sure that is, what idles, what can be saved; each number leads on.
import { useState } from 'react'
import type { FleetFigures, FleetFiguresRequest, ModelsAnswer } from '../../src-shared/fleet-view.ts'
import type { FleetFilter } from '../../src-shared/fleet-filter.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import { NothingPasses } from '../components/empty-state.tsx'
import { Loaded } from '../components/loaded.tsx'
import { goTo } from '../state/navigation.ts'
import { isBusy } from '../state/loadable.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatDate, formatDollars, formatNumber, formatProbability, formatShare, formatting } from '../theme/formatting.ts'
import { BreachCalendar, GroupBars, SoonestServers, WhatToDo } from './overview-parts.tsx'
import type { RunViewProps } from './view-entry.ts'

export const OverviewView = ({ run, theme }: RunViewProps) => {
  const metric = useWindowState((state) => state.metric)
  const filter = useWindowState((state) => state.filter)
  const [groupBy, setGroupBy] = useState<FleetFiguresRequest['groupBy']>('business_unit')
  const answer = useRequest('run.fleet', { folder: run.folder, metric, filter, groupBy }, run.folder)
  const models = useRequest('run.models', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Overview" aria-busy={isBusy(answer)}>
      <Loaded answer={answer}>
        {(figures) =>
          figures.servers === 0 ? (
            <NothingPasses />
          ) : (
            <div className="page-inner">
              <h1 className="finding">{finding(figures, run)}</h1>
              <Answers figures={figures} filter={filter} models={models.status === 'ready' ? models.value : null} />
              <div className="columns">
                <BreachCalendar figures={figures} run={run} theme={theme} />
                <SoonestServers figures={figures} run={run} />
                <GroupBars figures={figures} theme={theme} groupBy={groupBy} onGroupBy={setGroupBy} />
                <WhatToDo figures={figures} theme={theme} />
              </div>
            </div>
          )
        }
      </Loaded>
    </main>
  )
}

const finding = (figures: FleetFigures, run: RunOverview): string => {
  const until = run.horizon === null ? '' : ` by ${formatting.dayAndYear(run.horizon.endMs - run.stepMs)}`
  const servers = `${formatting.count(figures.servers)} ${figures.servers === 1 ? 'server' : 'servers'}`
  if (figures.at_risk === 0) return `None of ${servers} is expected to run out of capacity${until}`
  const first = figures.soonest[0]?.first_breach_at
  const when = first === undefined || first === null ? '' : `; the first on ${formatting.dayAndYear(Date.parse(first))}`
  return `${formatting.count(figures.at_risk)} of ${servers} will run short of capacity${until}${when}`
}

interface AnswersProps {
  readonly figures: FleetFigures
  readonly filter: FleetFilter
  readonly models: ModelsAnswer | null
}

const Answers = ({ figures, filter, models }: AnswersProps) => {
  const list = (change: Partial<FleetFilter>): void => goTo('servers', { filter: { ...filter, ...change } })
  const soonest = figures.soonest[0]
  const day = soonest?.first_breach_at
  return (
    <div className="answers">
      <Answer
        question="How many will run out?"
        value={formatting.count(figures.at_risk)}
        note={`${formatShare(figures.at_risk, figures.servers)}${figures.high_risk === 0 ? '' : `; ${formatting.count(figures.high_risk)} of them at high risk`}`}
        isAlarming={figures.at_risk > 0}
        onFollow={() => list({ risk: ['at-risk'] })}
      />
      <Answer
        question="When is the first?"
        value={day === undefined || day === null ? 'none in sight' : formatDate(Date.parse(day))}
        note={soonest === undefined ? 'no server is at risk' : soonest.server_id}
        {...(soonest === undefined ? {} : { onFollow: () => goTo('server', { selectedServer: soonest.server_id }) })}
      />
      <Answer
        question="How sure is that?"
        value={
          figures.expected_breaches === null
            ? 'not estimated'
            : `≈ ${figures.expected_breaches < 100 ? formatNumber(figures.expected_breaches) : formatting.count(Math.round(figures.expected_breaches))}`
        }
        note={sureness(figures, models)}
        onFollow={() => goTo('models')}
      />
      <Answer
        question="What stands idle?"
        value={formatting.count(figures.underutilized)}
        note={`${formatShare(figures.underutilized, figures.servers)} underutilised`}
        onFollow={() => list({ risk: ['underutilised'] })}
      />
      <Answer
        question="What can be saved?"
        value={formatDollars(figures.savings_usd)}
        note={
          figures.removable === 0
            ? 'no server can be removed'
            : `a month, by removing ${formatting.count(figures.removable)} of ${formatting.count(figures.servers)} servers`
        }
        onFollow={() => goTo('recommendations', { filter: { ...filter, disposition: ['retire', 'consolidate'] } })}
      />
      <Answer
        question="What must be bought?"
        value={`${formatNumber(figures.units_to_add)} ${figures.units_to_add === 1 ? 'unit' : 'units'}`}
        note={
          figures.late_orders > 0
            ? `${figures.late_orders === 1 ? '1 order is' : `${formatting.count(figures.late_orders)} orders are`} late already`
            : 'of capacity'
        }
        isAlarming={figures.late_orders > 0}
        onFollow={() => goTo('recommendations', { filter: { ...filter, disposition: ['add capacity'] } })}
      />
    </div>
  )
}

/** The run's own verdict on its probabilities; without them, how far the models are off. */
const sureness = (figures: FleetFigures, models: ModelsAnswer | null): string => {
  const calibration: unknown = models?.accuracy?.['calibration']
  const verdict = typeof calibration === 'object' && calibration !== null && 'verdict' in calibration ? calibration.verdict : undefined
  if (figures.expected_breaches !== null && typeof verdict === 'string') return `breaches expected by probability. ${verdict}`
  if (figures.expected_breaches !== null) {
    return `breaches expected by probability, ${formatProbability(figures.expected_breaches / Math.max(1, figures.with_probability))} each on average`
  }
  return figures.median_mae === null
    ? 'no backtest to judge by'
    : `models are off by ${formatNumber(figures.median_mae)} points (median server)`
}

interface AnswerProps {
  readonly question: string
  readonly value: string
  readonly note: string
  readonly isAlarming?: boolean
  readonly onFollow?: () => void
}

const Answer = ({ question, value, note, isAlarming = false, onFollow }: AnswerProps) => {
  const words = (
    <>
      <span className="answer-question">{question}</span>
      <span className="answer-value">{value}</span>
      <span className="muted">{note}</span>
    </>
  )
  return onFollow === undefined ? (
    <div className="answer" data-alarming={isAlarming}>
      {words}
    </div>
  ) : (
    <button type="button" className="answer" data-alarming={isAlarming} onClick={onFollow}>
      {words}
    </button>
  )
}
