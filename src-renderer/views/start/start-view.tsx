// The start page: what the planner has, and recent runs.
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { Activity, ChartSpline, Cloud, CloudDownload, FileUp, Sparkles, X, type LucideIcon } from 'lucide-react'
import type { RecentRun } from '../../../src-shared/ipc/ipc-contract.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { navigateTo } from '../../state/navigation.ts'
import { choosePath, removeRecentRun, openRunFolder, openSample } from '../../state/open-path.ts'
import { openSourcePanel, useSourceState } from '../../state/source-state.ts'
import { startTour } from '../../state/tour.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDollars, formatLocalTime, formatShare, formatting } from '../../theme/formatting.ts'
import { SourcePanel } from './source-panel.tsx'
import './start.css'

export const StartView = () => {
  const { failure, notice, opening, recentRuns } = useWindowState()
  const source = useSourceState((state) => state.kind)
  const dismiss = (): void => useWindowState.setState({ failure: null })
  return (
    <main className="start" aria-label="Start">
      <div className="start-inner">
        <header className="start-head">
          <h1>Headroom</h1>
          <p>See which servers run out of capacity, when, and what to do about it.</p>
        </header>
        {failure !== null && <ErrorPanel error={failure.error} subject={failure.subject} onDismiss={dismiss} />}
        {notice !== null && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        <section aria-labelledby="start-question" aria-busy={opening !== null}>
          <h2 id="start-question">I have …</h2>
          <div className="start-cards">
            <StartCard icon={ChartSpline} title="Forecasts…" onClick={() => void choosePath('file')}>
              Files of a pipeline as Parquet, CSV or JSON. NAME.servers.csv or .xlsx in the same folder is read as the servers table.
            </StartCard>
            <StartCard icon={FileUp} title="Measurements…" onClick={() => void choosePath('file')}>
              An export of a monitoring tool. Headroom forecasts it first.
            </StartCard>
            <StartCard icon={CloudDownload} title="CloudWatch…" onClick={() => void openSourcePanel('cloudwatch')}>
              Collect measurements of EC2 and its agent, forecast and analyse them.
            </StartCard>
            <StartCard icon={Activity} title="Prometheus…" onClick={() => void openSourcePanel('prometheus')}>
              Collect measurements of node_exporter or of your query, forecast and analyse them.
            </StartCard>
            <StartCard icon={Cloud} title="Files or a run in S3…" onClick={() => navigateTo('cloud')}>
              Run the analysis on Amazon SageMaker, or download a finished run and verify it.
            </StartCard>
            <StartCard icon={Sparkles} title="Nothing yet" onClick={() => void openSample()}>
              Open the sample fleet: 120 simulated servers with two metrics, an event and two earlier runs. It takes some seconds.
            </StartCard>
          </div>
        </section>
        {source !== null && <SourcePanel key={source} kind={source} />}
        <p className="start-hint">
          {opening === null ? (
            <>
              Or drop files or a folder here, or{' '}
              <button type="button" className="link" onClick={() => void choosePath('folder')}>
                open a folder
              </button>{' '}
              of forecasts, a run folder, a folder of runs or Module 05 output. New here?{' '}
              <button type="button" className="link" onClick={() => void startTour()}>
                Take the tour
              </button>
              .
            </>
          ) : (
            `Opening ${opening} …`
          )}
        </p>
        <section className="recent" aria-label="Recent runs">
          <h2>Recent runs</h2>
          {recentRuns.length === 0 ? (
            <p className="muted">No runs yet.</p>
          ) : (
            <ul>
              {recentRuns.map((run) => (
                <RecentRow key={run.folder} run={run} />
              ))}
            </ul>
          )}
        </section>
      </div>
    </main>
  )
}

/** One answer to what the planner has. */
const StartCard = ({
  icon: Icon,
  title,
  onClick,
  children,
}: {
  readonly icon: LucideIcon
  readonly title: string
  readonly onClick: () => void
  readonly children: string
}) => {
  const isOpening = useWindowState(({ opening }) => opening !== null)
  return (
    <button type="button" className="card" disabled={isOpening} onClick={onClick}>
      <Icon size={20} aria-hidden />
      <strong>{title}</strong>
      <span>{children}</span>
    </button>
  )
}

const RecentRow = ({ run }: { readonly run: RecentRun }) => (
  <li className="recent-row" data-missing={!run.exists}>
    <button
      type="button"
      className="recent-open"
      disabled={!run.exists}
      title={run.exists ? run.folder : `${run.folder} not found`}
      onClick={() => void openRunFolder(run.folder)}
    >
      <span className="recent-title">{run.title}</span>
      <span className="recent-figure">{agreeNumber(`${formatting.count(run.servers)} [server|servers]`, run.servers)}</span>
      <span className="recent-figure">
        {run.atRisk === null ? 'Not judged' : `${formatting.count(run.atRisk)} at risk (${formatShare(run.atRisk, run.servers)})`}
      </span>
      <span className="recent-figure">
        {run.savingsMonthlyUsd === null ? '' : `Savings ${formatDollars(run.savingsMonthlyUsd)} per month`}
      </span>
      <span className="recent-when">{run.exists ? formatLocalTime(run.openedAt) : 'Folder not found'}</span>
    </button>
    <button
      type="button"
      className="icon-button"
      aria-label={`Remove ${run.title} from list`}
      title="Remove from list (keeps the folder)"
      onClick={() => void removeRecentRun(run.folder)}
    >
      <X size={14} aria-hidden />
    </button>
  </li>
)
