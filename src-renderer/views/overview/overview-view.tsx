// The overview: key figures of the fleet, each a link to the view that explains it, and four panels.
import { useState } from 'react'
import type { FleetFigures, FleetFiguresRequest, ModelAccuracyResponse } from '../../../src-shared/ipc/fleet-view.ts'
import type { FleetFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { KeyFigure } from '../../components/key-figure.tsx'
import { Loaded, NoMatchingServers } from '../loaded.tsx'
import { navigateTo } from '../../state/navigation.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatDollars, formatNumber, formatShare, formatting } from '../../theme/formatting.ts'
import { BreachCalendar, GroupBars, isJudged, SoonestServers, RecommendationSummary } from './overview-panels.tsx'
import type { RunViewProps } from '../view-entry.ts'

export const OverviewView = ({ run, theme }: RunViewProps) => {
  const metric = useWindowState((state) => state.metric)
  const filter = useWindowState((state) => state.filter)
  const [groupBy, setGroupBy] = useState<FleetFiguresRequest['groupBy']>('business_unit')
  const response = useRequest('fleet.get', { folder: run.folder, metric, filter, groupBy }, run.folder)
  const models = useRequest('models.list', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Overview" aria-busy={isBusy(response)}>
      <Loaded response={response}>
        {(figures) =>
          figures.servers === 0 ? (
            <NoMatchingServers />
          ) : (
            <div className="page-inner">
              <h1 className="finding">{findingText(figures, run, metric, filter)}</h1>
              <KeyFigures
                figures={figures}
                isMetricJudged={isJudged(run, metric)}
                filter={filter}
                models={models.status === 'ready' ? models.value : null}
              />
              <div className="columns">
                <BreachCalendar figures={figures} run={run} theme={theme} />
                <SoonestServers figures={figures} run={run} />
                <GroupBars figures={figures} run={run} theme={theme} groupBy={groupBy} onGroupBy={setGroupBy} />
                <RecommendationSummary figures={figures} theme={theme} />
              </div>
            </div>
          )
        }
      </Loaded>
    </main>
  )
}

const findingText = (figures: FleetFigures, run: RunOverview, metric: string, filter: FleetFilter): string => {
  const until = run.horizon === null ? '' : ` by ${formatting.dayAndYear(run.horizon.endMs - run.stepMs)}`
  const servers = `${formatting.count(figures.servers)} ${figures.servers === 1 ? 'server' : 'servers'}`
  if (!isJudged(run, metric)) return `Risk of ${servers} is not judged: ${metric} is not in percent and has no threshold`
  if (figures.at_risk === 0) return `No server is expected to run out of capacity${until} (${servers})`
  const range = run.atRiskRange
  const isFleet = run.metrics.length === 1 && Object.values(filter).every((value) => value.length === 0)
  const interval =
    range === null || !isFleet
      ? ''
      : ` (90 % interval ${formatting.count(Math.floor(range.low))} to ${formatting.count(Math.ceil(range.high))})`
  const certain = run.basis !== 'probable' || figures.certain === 0 ? '' : `; ${formatting.count(figures.certain)} nearly certain`
  return `${formatting.count(figures.at_risk)} of ${servers} ${figures.at_risk === 1 ? 'is' : 'are'} likely to run out${until}${interval}${certain}`
}

interface KeyFiguresProps {
  readonly isMetricJudged: boolean
  readonly figures: FleetFigures
  readonly filter: FleetFilter
  readonly models: ModelAccuracyResponse | null
}

const KeyFigures = ({ figures, isMetricJudged, filter, models }: KeyFiguresProps) => {
  const showServers = (change: Partial<FleetFilter>): void => navigateTo('servers', { filter: { ...filter, ...change } })
  const soonest = figures.soonest[0]
  const addingServers = figures.recommendationCounts.find(({ recommendation }) => recommendation === 'add capacity')?.servers ?? 0
  return (
    <div className="key-figures">
      <KeyFigure
        label="Servers at risk"
        value={isMetricJudged ? formatting.count(figures.at_risk) : 'Not judged'}
        note={
          isMetricJudged
            ? `${formatShare(figures.at_risk, figures.servers)}${figures.high_risk === 0 ? '' : `; ${formatting.count(figures.high_risk)} of them at high risk`}`
            : 'no threshold'
        }
        isAlert={figures.at_risk > 0}
        onOpen={() => showServers({ risk: ['at-risk'] })}
      />
      <KeyFigure
        label="First breach"
        {...firstBreachTexts(soonest, isMetricJudged)}
        {...(soonest === undefined ? {} : { onOpen: () => navigateTo('server', { selectedServer: soonest.server_id }) })}
      />
      <KeyFigure
        label="Expected at risk"
        value={
          !isMetricJudged
            ? '–'
            : figures.expected_at_risk === null
              ? 'not known in this run'
              : `≈ ${formatExpected(figures.expected_at_risk)}`
        }
        note={isMetricJudged ? certaintyNote(figures, models) : 'not judged'}
        onOpen={() => navigateTo('models')}
      />
      <KeyFigure
        label="Underutilised"
        value={isMetricJudged ? formatting.count(figures.underutilized) : '–'}
        note={isMetricJudged ? `${formatShare(figures.underutilized, figures.servers)} of servers` : 'not judged'}
        onOpen={() => showServers({ risk: ['underutilised'] })}
      />
      <KeyFigure
        label="Savings"
        value={formatDollars(figures.savings_usd)}
        note={
          figures.removable === 0
            ? 'no removable servers'
            : `per month, by removing ${formatting.count(figures.removable)} of ${formatting.count(figures.servers)} servers`
        }
        onOpen={() => navigateTo('recommendations', { filter: { ...filter, recommendation: ['retire', 'consolidate'] } })}
      />
      <KeyFigure
        label="Capacity needed"
        value={capacityText(figures.units_to_add, addingServers)}
        note={
          figures.late_orders > 0
            ? `${figures.late_orders === 1 ? '1 order' : `${formatting.count(figures.late_orders)} orders`} overdue`
            : figures.units_to_add === 0 && addingServers > 0
              ? 'in percent: no capacity is stated'
              : 'additional capacity'
        }
        isAlert={figures.late_orders > 0}
        onOpen={() => navigateTo('recommendations', { filter: { ...filter, recommendation: ['add capacity'] } })}
      />
    </div>
  )
}

const firstBreachTexts = (
  soonest: FleetFigures['soonest'][number] | undefined,
  isMetricJudged: boolean,
): { readonly value: string; readonly note: string } => {
  if (soonest === undefined) return isMetricJudged ? { value: 'none', note: 'no server is at risk' } : { value: '–', note: 'not judged' }
  const { first_breach_at: forecast, expected_first_breach: expected, server_id: note } = soonest
  if (forecast !== null) return { value: formatDate(Date.parse(forecast)), note }
  return { value: expected === null ? 'not known' : formatDate(Date.parse(expected)), note: `expected by the paths: ${note}` }
}

/** Where no capacity is stated, no units are known. */
const capacityText = (units: number, servers: number): string =>
  units === 0 && servers > 0
    ? `${formatting.count(servers)} ${servers === 1 ? 'server' : 'servers'}`
    : `${formatNumber(units)} ${units === 1 ? 'unit' : 'units'}`

const formatExpected = (servers: number): string => (servers < 100 ? formatNumber(servers) : formatting.count(Math.round(servers)))

/** What else the probabilities say; without them, the model error. */
const certaintyNote = (figures: FleetFigures, models: ModelAccuracyResponse | null): string => {
  const calibration = models?.accuracy?.calibration_sustained
  if (figures.expected_at_risk !== null) {
    const anyBreach = figures.expected_breaches === null ? '' : `any breach: ≈ ${formatExpected(figures.expected_breaches)}; `
    return `${anyBreach}${calibration?.curve?.is_calibrated === false ? 'not calibrated' : `${formatting.count(figures.possible)} more possible`}`
  }
  return figures.median_mae === null ? 'no backtest' : `median model error ${formatNumber(figures.median_mae)} points (MAE)`
}
