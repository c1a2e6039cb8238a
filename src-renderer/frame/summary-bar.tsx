// The fleet's headline, in view above every chart of a run.
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { RecentRun } from '../../src-shared/ipc/ipc-contract.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { navigateTo } from '../state/navigation.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatDate, formatDaysAhead, formatDollars, formatLocalTime, formatShare, formatSigned, formatting } from '../theme/formatting.ts'
import { RunNotes } from './run-notes.tsx'

const runKindLabels: Readonly<Record<RunOverview['kind'], string>> = {
  headroom: 'Headroom run',
  'python-original': 'Run of the Python job',
}

export const SummaryBar = ({ run }: { readonly run: RunOverview }) => {
  const { counts, soonestBreach: soonest, horizon } = run
  const previous = useWindowState(({ recentRuns }) => findPreviousRun(run, recentRuns))
  const showServers = (filter: Partial<typeof noFilter>): void => navigateTo('servers', { filter: { ...noFilter, ...filter } })
  return (
    <header className="headline" aria-label="Fleet headline" data-region>
      <div className="headline-title">
        <h1 title={run.folder}>{run.title}</h1>
        <span title={run.analyzedAt === null ? undefined : `Analysed ${formatLocalTime(run.analyzedAt)}`}>
          {runKindLabels[run.kind]} · {run.granularity}
          {horizon !== null && (
            <>
              {' '}
              · forecast {formatDate(horizon.startMs)} – {formatDate(horizon.endMs - run.stepMs)}
            </>
          )}
        </span>
      </div>
      <dl className="headline-figures">
        <Figure
          label="Servers"
          value={formatting.count(counts.servers)}
          note={formatChange(counts.servers, previous?.servers) ?? `${formatting.count(counts.series)} series`}
          onOpen={() => showServers({})}
        />
        <Figure
          label="At risk"
          value={formatting.count(counts.atRisk)}
          note={
            formatChange(counts.atRisk, previous?.atRisk) ??
            (counts.atRisk === 0 ? 'none in the horizon' : `${formatShare(counts.atRisk, counts.servers)} of the fleet`)
          }
          isAlert={counts.atRisk > 0}
          onOpen={() => showServers({ risk: ['at-risk'] })}
        />
        {soonest === null ? (
          <Figure label="Soonest breach" value="None" note="within the horizon" />
        ) : (
          <Figure
            label="Soonest breach"
            value={formatting.shortDay(soonest.atMs)}
            note={`${soonest.days === null ? '' : `${formatDaysAhead(soonest.days)}, `}${soonest.serverId}`}
            hint="First time above the threshold among the servers at risk. Shows the server."
            onOpen={() => navigateTo('server', { selectedServer: soonest.serverId, metric: soonest.metric })}
          />
        )}
        <Figure
          label="Underutilised"
          value={counts.underutilized === null ? '–' : formatting.count(counts.underutilized)}
          note={
            counts.underutilized === null
              ? 'not known'
              : (formatChange(counts.underutilized, previous?.underutilized) ??
                `${formatShare(counts.underutilized, counts.servers)} of the fleet`)
          }
          onOpen={() => showServers({ risk: ['underutilised'] })}
        />
        <Figure
          label="Savings"
          value={run.savingsMonthlyUsd === null ? '–' : formatDollars(run.savingsMonthlyUsd)}
          note={run.savingsMonthlyUsd === null ? 'not known' : 'per month'}
          onOpen={() => navigateTo('recommendations', { filter: noFilter })}
        />
      </dl>
      <RunNotes run={run} />
    </header>
  )
}

/** The run of the same forecasts that was analysed last before this one. */
const findPreviousRun = ({ title, folder, analyzedAt }: RunOverview, recent: readonly RecentRun[]): RecentRun | null =>
  recent
    .filter(
      (run) =>
        run.title === title && run.folder !== folder && run.analyzedAt !== null && analyzedAt !== null && run.analyzedAt < analyzedAt,
    )
    .sort((a, b) => ((a.analyzedAt ?? '') < (b.analyzedAt ?? '') ? 1 : -1))[0] ?? null

const formatChange = (current: number, previous: number | null | undefined): string | null =>
  previous === null || previous === undefined
    ? null
    : current === previous
      ? 'as in the last run'
      : `${formatSigned(current - previous)} since the last run`

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly hint?: string
  readonly isAlert?: boolean
  /** Shows what is behind the number. */
  readonly onOpen?: () => void
}

const Figure = ({ label, value, note, hint, isAlert = false, onOpen }: FigureProps) => (
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
    <dd className="figure-note" title={note}>
      {note}
    </dd>
  </div>
)
