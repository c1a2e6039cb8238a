// The summary bar above every view of a run: its name, its key figures and its notes.
import { describeExpectedCount } from '../../src-shared/artefacts/fleet-finding.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { findingCounts, isJudgedRun, type RunOverview } from '../../src-shared/ipc/run-view.ts'
import { navigateTo } from '../state/navigation.ts'
import { findPreviousRun } from '../state/previous-run.ts'
import { useWindowState } from '../state/window-state.ts'
import {
  formatDate,
  formatDollars,
  formatLocalTime,
  formatPeriodDate,
  formatShare,
  formatShortPeriod,
  formatSigned,
  formatting,
} from '../theme/formatting.ts'
import { NameText } from '../components/name-text.tsx'
import { CloudRunButton } from './cloud-run-button.tsx'
import { RunNotes } from './run-notes.tsx'

const runKindLabels: Readonly<Record<RunOverview['kind'], string>> = {
  headroom: 'Headroom run',
  'python-original': 'Module 05 run',
}

export const SummaryBar = ({ run }: { readonly run: RunOverview }) => {
  const { counts, soonestBreach: soonest } = run
  const subtitle = subtitleOf(run)
  const previous = useWindowState(({ recentRuns }) => findPreviousRun(run, recentRuns))
  const showServers = (filter: Partial<typeof noFilter>): void => navigateTo('servers', { filter: { ...noFilter, ...filter } })
  return (
    <header className="summary-bar" aria-label="Fleet summary" data-region>
      <div className="summary-title">
        <h1 title={run.folder}>{run.title}</h1>
        <span title={run.analyzedAt === null ? subtitle : `${subtitle} · analysed ${formatLocalTime(run.analyzedAt)}`}>{subtitle}</span>
      </div>
      <dl className="summary-figures">
        <Figure
          label="Servers"
          value={formatting.count(counts.servers)}
          note={formatChange(counts.servers, previous?.servers) ?? `${formatting.count(counts.series)} series`}
          onOpen={() => showServers({})}
        />
        <Figure
          label="At risk"
          value={isJudgedRun(run) ? formatting.count(counts.atRisk) : 'Not judged'}
          note={atRiskNote(run, previous?.atRisk)}
          hint={
            run.atRiskRange === null || counts.atRisk === 0
              ? undefined
              : describeExpectedCount(run.atRiskRange, findingCounts(run), formatting.count)
          }
          isAlert={counts.atRisk > 0}
          onOpen={() => showServers({ risk: ['at-risk'] })}
        />
        {soonest === null ? (
          <Figure label="First breach" value="–" note={isJudgedRun(run) ? 'none within the horizon' : 'not judged'} />
        ) : (
          <Figure
            label="First breach"
            value={formatShortPeriod(soonest.atMs, run.stepMs)}
            note={`${soonest.isExpected ? 'expected, ' : ''}${soonest.servers === 1 ? '' : `${formatting.count(soonest.servers)} servers`}`}
            {...(soonest.servers === 1 ? { server: soonest.serverId } : {})}
            hint={`${soonest.isExpected ? 'Median first breach of the simulated paths' : 'Earliest breach of all servers at risk'}${measuredText(run)}. Click to open ${soonest.serverId}.`}
            onOpen={() => navigateTo('server', { selectedServer: soonest.serverId, metric: soonest.metric })}
          />
        )}
        <Figure
          label="Underutilised"
          value={counts.underutilized === null ? '–' : formatting.count(counts.underutilized)}
          note={
            counts.underutilized === null
              ? 'unknown'
              : (formatChange(counts.underutilized, previous?.underutilized) ??
                `${formatShare(counts.underutilized, counts.servers)} of the fleet`)
          }
          onOpen={() => showServers({ risk: ['underutilised'] })}
        />
        <Figure
          label="Savings"
          value={run.savingsMonthlyUsd === null ? '–' : formatDollars(run.savingsMonthlyUsd)}
          note={run.savingsMonthlyUsd === null ? 'unknown' : 'per month'}
          onOpen={() => navigateTo('recommendations', { filter: noFilter })}
        />
      </dl>
      <CloudRunButton />
      <RunNotes run={run} />
    </header>
  )
}

const measuredText = ({ lastMeasuredMs }: RunOverview): string =>
  lastMeasuredMs === null ? '' : `; last measured on ${formatDate(lastMeasuredMs)}`

const subtitleOf = ({ kind, granularity, horizon, stepMs }: RunOverview): string => {
  if (horizon === null) return `${runKindLabels[kind]} · ${granularity}`
  const [first, last] = [formatPeriodDate(horizon.startMs, stepMs), formatPeriodDate(horizon.endMs - stepMs, stepMs)]
  return `${runKindLabels[kind]} · ${granularity} · forecast ${first === last ? first : `${first} – ${last}`}`
}

/** How many of the servers at risk are nearly certain to run out, and the change since the last run. */
const atRiskNote = (run: RunOverview, previous: number | null | undefined): string => {
  const { counts, basis } = run
  if (!isJudgedRun(run)) return 'no metric has a threshold'
  const change = formatChange(counts.atRisk, previous)
  if (counts.atRisk === 0) return change ?? 'none within the horizon'
  if (basis !== 'probable') return change ?? `${formatShare(counts.atRisk, counts.servers)} of the fleet`
  const certain = `${counts.certain === 0 ? 'none' : formatting.count(counts.certain)} certain`
  if (change === null) return certain
  return `${certain}, ${counts.atRisk === previous ? 'as many as last run' : change}`
}

const formatChange = (current: number, previous: number | null | undefined): string | null =>
  previous === null || previous === undefined
    ? null
    : current === previous
      ? 'as many as last run'
      : `${formatSigned(current - previous)} since last run`

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly note: string
  /** Follows the note. */
  readonly server?: string
  readonly hint?: string | undefined
  readonly isAlert?: boolean
  /** Opens the view with the details. */
  readonly onOpen?: () => void
}

const Figure = ({ label, value, note, server = '', hint, isAlert = false, onOpen }: FigureProps) => (
  <div className="figure" title={hint} data-alarming={isAlert}>
    <dt>{label}</dt>
    <dd className="figure-value">
      {onOpen === undefined ? (
        value
      ) : (
        <button type="button" className="figure-link" onClick={onOpen}>
          {value}
        </button>
      )}
    </dd>
    <dd className="figure-note" title={hint === undefined ? `${note}${server}` : `${note}${server}. ${hint}`}>
      {note}
      <NameText text={server} />
    </dd>
  </div>
)
