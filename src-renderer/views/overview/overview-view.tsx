// The overview, decision first: the finding, what to do next, when, where, what changed, and how far to trust it.
import { useState } from 'react'
import { describeCounts, describeFinding } from '../../../src-shared/artefacts/fleet-finding.ts'
import { metricName } from '../../../src-shared/artefacts/metric-label.ts'
import { formatDayOrMonth } from '../../../src-shared/chart-options/format.ts'
import { groupColumns, isFilterActive, type FleetFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { FilterChoices, FleetFigures, FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import { findingCounts, type RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Loaded, NoMatchingServers } from '../loaded.tsx'
import { isBusy, useRequest, type Loadable } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatNumber, formatting } from '../../theme/formatting.ts'
import { DoNext } from './do-next.tsx'
import { BreachCalendar, GroupBars, isJudged, SinceLastRun, Trust } from './overview-panels.tsx'
import type { RunViewProps } from '../view-entry.ts'
import './overview.css'

type GroupBy = FleetFiguresRequest['groupBy']

/** Groupings that tell servers apart, clusters last; null while they load. */
const availableGroups = (choices: Loadable<FilterChoices>): readonly GroupBy[] | null => {
  if (choices.status === 'idle' || choices.status === 'loading') return null
  const groups = choices.status === 'ready' ? groupColumns.filter((column) => choices.value[column].length > 1) : []
  return [...groups, 'cluster_name']
}

export const OverviewView = ({ run, theme }: RunViewProps) => {
  const choices = useRequest('filter-choices.get', { folder: run.folder }, run.folder)
  const [chosenGroup, setChosenGroup] = useState<GroupBy | null>(null)
  const metric = useWindowState((state) => state.metric)
  const filter = useWindowState((state) => state.filter)
  const available = availableGroups(choices)
  const groupBy = chosenGroup ?? available?.[0] ?? null
  const findingNote =
    run.counts.atRisk === 0 || isFilterActive(filter)
      ? ''
      : describeCounts({ ...findingCounts(run), range: run.atRiskRange }, formatting.count)
  const notes = [findingNote, thresholdText(run)].filter((note) => note !== '')
  const response = useRequest('fleet.get', groupBy === null ? null : { folder: run.folder, metric, filter, groupBy }, run.folder)
  return (
    <main className="page" aria-label="Overview" aria-busy={isBusy(response)}>
      <Loaded response={response}>
        {(figures) =>
          figures.servers === 0 ? (
            <NoMatchingServers />
          ) : (
            <div className="page-inner">
              <header>
                <h1 className="finding">{findingText(figures, run, metric, filter)}</h1>
                {notes.length > 0 && <p className="muted">{notes.join(' ')}</p>}
              </header>
              <DoNext run={run} figures={figures} />
              <div className="columns overview-columns">
                <BreachCalendar figures={figures} run={run} theme={theme} />
                {/* One server stands in no place of several. */}
                {groupBy !== null && available !== null && figures.servers > 1 && (
                  <GroupBars figures={figures} run={run} theme={theme} groupBy={groupBy} choices={available} onGroupBy={setChosenGroup} />
                )}
                <SinceLastRun run={run} />
                <Trust run={run} />
              </div>
            </div>
          )
        }
      </Loaded>
    </main>
  )
}

/** What running out means; without a sentence where thresholds differ. */
const thresholdText = ({ metrics, basis }: Pick<RunOverview, 'metrics' | 'basis'>): string => {
  const judged = metrics.filter(({ isJudged: hasThreshold }) => hasThreshold)
  const [first] = judged
  const threshold = first?.threshold ?? null
  if (
    basis === null ||
    first === undefined ||
    threshold === null ||
    judged.some((metric) => metric.threshold !== threshold || metric.unit !== first.unit)
  )
    return ''
  const limit = `${formatNumber(threshold)}${first.unit === '%' ? '\u00a0%' : ''}`
  return `Running out means a load above ${limit} for more than 5\u00a0% of the time.`
}

const findingText = (figures: FleetFigures, run: RunOverview, metric: string, filter: FleetFilter): string => {
  const until = run.horizon === null ? '' : ` by ${formatDayOrMonth(run.horizon.endMs - run.stepMs, run.stepMs, formatting)}`
  const isFleet = !isFilterActive(filter)
  const isSingleMetric = run.metrics.length === 1
  // The fleet by all of its metrics, as the summary bar counts it.
  if (!isSingleMetric && isFleet && run.counts.atRisk > 0) return describeFinding(findingCounts(run), until, formatting.count)
  const resource = isSingleMetric ? '' : ` of ${metricName(metric)}`
  const servers = `${formatting.count(figures.servers)} ${figures.servers === 1 ? 'server' : 'servers'}`
  if (!isJudged(run, metric)) return `Risk of ${servers} is not judged: ${metricName(metric)} is not in percent and has no threshold`
  if (figures.at_risk === 0) return `No server is expected to run out${resource === '' ? ' of capacity' : resource}${until} (${servers})`
  const certain = run.basis === 'probable' ? figures.certain : null
  return describeFinding({ servers: figures.servers, atRisk: figures.at_risk, certain }, `${resource}${until}`, formatting.count)
}
