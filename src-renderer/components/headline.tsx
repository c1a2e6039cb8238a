// The fleet's headline, in view above every chart of a run.
import type { RunOverview } from '../../src-shared/run-view.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatDate, formatDaysAhead, formatDollars, formatOpened, formatShare, formatting } from '../theme/formatting.ts'
import { RunNotes } from './run-notes.tsx'

const methods: Readonly<Record<RunOverview['kind'], string>> = {
  headroom: 'Headroom run',
  'python-original': 'Run of the Python job',
}

export const Headline = ({ run }: { readonly run: RunOverview }) => {
  const { counts, soonestBreach: soonest, horizon } = run
  return (
    <header className="headline" aria-label="Fleet headline">
      <div className="headline-title">
        <h1 title={run.folder}>{run.title}</h1>
        <span title={run.analyzedAt === null ? undefined : `Analysed ${formatOpened(run.analyzedAt)}`}>
          {methods[run.kind]} · {run.granularity}
          {horizon !== null && (
            <>
              {' '}
              · forecast {formatDate(horizon.startMs)} – {formatDate(horizon.endMs - run.stepMs)}
            </>
          )}
        </span>
      </div>
      <dl className="headline-figures">
        <Figure label="Servers" value={formatting.count(counts.servers)} note={`${formatting.count(counts.series)} series`} />
        <Figure
          label="At risk"
          value={formatting.count(counts.atRisk)}
          note={counts.atRisk === 0 ? 'none in the horizon' : `${formatShare(counts.atRisk, counts.servers)} of the fleet`}
          isAlarming={counts.atRisk > 0}
        />
        {soonest === null ? (
          <Figure label="Soonest breach" value="None" note="within the horizon" />
        ) : (
          <Figure
            label="Soonest breach"
            value={formatting.shortDay(soonest.atMs)}
            note={`${soonest.days === null ? '' : `${formatDaysAhead(soonest.days)}, `}${soonest.serverId}`}
            hint="First time above the threshold among the servers at risk. Shows the server."
            onFollow={() => useWindowState.setState({ selectedServer: soonest.serverId, metric: soonest.metric })}
          />
        )}
        <Figure
          label="Underutilised"
          value={counts.underutilized === null ? '–' : formatting.count(counts.underutilized)}
          note={counts.underutilized === null ? 'not known' : `${formatShare(counts.underutilized, counts.servers)} of the fleet`}
        />
        <Figure
          label="Savings"
          value={run.savingsMonthlyUsd === null ? '–' : formatDollars(run.savingsMonthlyUsd)}
          note={run.savingsMonthlyUsd === null ? 'not known' : 'per month'}
        />
      </dl>
      <RunNotes run={run} />
    </header>
  )
}

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly hint?: string
  readonly isAlarming?: boolean
  /** Shows what is behind the number. */
  readonly onFollow?: () => void
}

const Figure = ({ label, value, note, hint, isAlarming = false, onFollow }: FigureProps) => (
  <div className="figure" title={hint} data-alarming={isAlarming}>
    <dt>{label}</dt>
    <dd className="figure-value">
      {onFollow === undefined ? (
        value
      ) : (
        <button type="button" className="figure-link" onClick={onFollow}>
          {value}
        </button>
      )}
    </dd>
    <dd className="figure-note" title={note}>
      {note}
    </dd>
  </div>
)
