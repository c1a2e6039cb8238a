// The page of one server: its series with forecast, its breach probability, its recommendation and all its figures.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { ArrowLeft, ArrowRight } from 'lucide-react'
import { useState } from 'react'
import type { ServerEvents } from '../../../src-shared/ipc/event-calendar.ts'
import type { ServerDetail } from '../../../src-shared/ipc/run-view.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { Loaded } from '../loaded.tsx'
import { RiskBadge } from '../../components/risk-badge.tsx'
import { defaultTimeSpan } from '../../state/heatmap-state.ts'
import { navigateTo, openServer, selectServer } from '../../state/navigation.ts'
import { formatRank, formatSustainedBreach, riskStateOf, sortMetrics } from '../../components/server-figures.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { BreachProbability, AllFigures, ServerRecommendation, ServerSeries, type SpanName } from './server-panels.tsx'
import type { RunViewProps } from '../view-entry.ts'
import './server.css'

const noEvents: ServerEvents = { events: [], adjustedForecasts: [] }

export const ServerView = ({ run, theme }: RunViewProps) => {
  const { metric, filter, selectedServer } = useWindowState()
  const [span, setSpan] = useState<SpanName>(defaultTimeSpan(run))
  const response = useRequest('server.get', selectedServer === null ? null : { folder: run.folder, serverId: selectedServer }, run.folder)
  const events = useRequest(
    'server-events.list',
    selectedServer === null ? null : { folder: run.folder, serverId: selectedServer },
    `${run.folder} ${selectedServer ?? ''}`,
  )
  if (selectedServer === null) {
    return (
      <main className="page" aria-label="Server">
        <EmptyState title="No server selected" action={{ label: 'Open server list', onClick: () => navigateTo('servers', { filter }) }}>
          Select a server in the list, heatmap or scatter chart, or search with Ctrl+K.
        </EmptyState>
      </main>
    )
  }
  return (
    <main className="page" aria-label="Server" aria-busy={isBusy(response) || isBusy(events)}>
      <Loaded response={response} loadingText="Loading server …">
        {(detail) => (
          <div className="page-inner">
            {sortMetrics(detail, metric).map((figures, index) => (
              <section key={figures.metric} className="page-inner" aria-label={`${detail.serverId}, ${metricLabel(figures.metric)}`}>
                {index === 0 && <ServerHeader detail={detail} figures={figures} />}
                {index > 0 && <h2>{metricLabel(figures.metric)}</h2>}
                <ServerSeries
                  figures={figures}
                  events={events.status === 'ready' ? events.value : noEvents}
                  run={run}
                  theme={theme}
                  span={span}
                  onSpan={setSpan}
                />
                <div className="columns">
                  <BreachProbability figures={figures} run={run} theme={theme} />
                  <ServerRecommendation run={run} detail={detail} figures={figures} />
                  <AllFigures figures={figures} run={run} />
                </div>
              </section>
            ))}
          </div>
        )}
      </Loaded>
    </main>
  )
}

interface ServerHeaderProps {
  readonly detail: ServerDetail
  readonly figures: ServerDetail['metrics'][number]
}

const ServerHeader = ({ detail, figures }: ServerHeaderProps) => {
  const groups = [figures.business_unit, figures.region, figures.criticality].filter((group) => group !== null)
  return (
    <header className="server-head">
      <h1>{detail.serverId}</h1>
      <RiskBadge state={riskStateOf(figures)} />
      {figures.risk_basis === 'probable' && figures.at_risk_probability !== null && (
        <span title="Probability that the P95 of what comes lies above the threshold">
          sustained breach {formatSustainedBreach(figures)}
        </span>
      )}
      <span className="muted">
        {formatRank(figures)}
        {groups.length > 0 && ` · ${groups.join(' · ')}`}
      </span>
      <span className="toolbar-gap" />
      <RankNavigation figures={figures} />
      <button
        type="button"
        className="button"
        onClick={() => {
          selectServer(detail.serverId)
          navigateTo('heatmap')
        }}
      >
        Show in heatmap
      </button>
    </header>
  )
}

/** Buttons to the previous and the next server of the fleet by risk. */
const RankNavigation = ({
  figures: { previousServer: rankedBefore, nextServer: rankedAfter },
}: {
  readonly figures: ServerDetail['metrics'][number]
}) => (
  <span className="neighbours">
    <button
      type="button"
      className="icon-button"
      aria-label="Previous by risk"
      title={rankedBefore ?? 'Highest risk'}
      disabled={rankedBefore === null}
      onClick={() => rankedBefore !== null && openServer(rankedBefore)}
    >
      <ArrowLeft size={16} aria-hidden />
    </button>
    <button
      type="button"
      className="icon-button"
      aria-label="Next by risk"
      title={rankedAfter ?? 'Lowest risk'}
      disabled={rankedAfter === null}
      onClick={() => rankedAfter !== null && openServer(rankedAfter)}
    >
      <ArrowRight size={16} aria-hidden />
    </button>
  </span>
)
