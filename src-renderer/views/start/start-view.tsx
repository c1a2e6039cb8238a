// The start page: sample fleet, open a file or folder, connect to AWS, recent runs.
import { Activity, Cloud, CloudDownload, FileUp, FolderOpen, Sparkles, X } from 'lucide-react'
import type { RecentRun } from '../../../src-shared/ipc/ipc-contract.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { navigateTo } from '../../state/navigation.ts'
import { choosePath, removeRecentRun, openRunFolder, openSample } from '../../state/open-path.ts'
import { openSourcePanel, useSourceState } from '../../state/source-state.ts'
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
        <div className="start-actions" aria-busy={opening !== null}>
          <button type="button" className="card primary" disabled={opening !== null} onClick={() => void openSample()}>
            <Sparkles size={20} aria-hidden />
            <strong>Open sample fleet</strong>
            <span>120 simulated servers with forecasts; takes a few seconds.</span>
          </button>
          <button type="button" className="card" disabled={opening !== null} onClick={() => void choosePath('file')}>
            <FileUp size={20} aria-hidden />
            <strong>Open file…</strong>
            <span>
              Forecasts or measurements as Parquet, CSV or JSON. A servers table NAME.servers.csv or .xlsx in the same folder is used.
            </span>
          </button>
          <button type="button" className="card" disabled={opening !== null} onClick={() => void choosePath('folder')}>
            <FolderOpen size={20} aria-hidden />
            <strong>Open folder…</strong>
            <span>A folder of forecasts, a run folder, or Module 05 output.</span>
          </button>
          <button type="button" className="card" disabled={opening !== null} onClick={() => void openSourcePanel('cloudwatch')}>
            <CloudDownload size={20} aria-hidden />
            <strong>I have CloudWatch…</strong>
            <span>Collect measurements of EC2 and its agent, forecast and analyse them.</span>
          </button>
          <button type="button" className="card" disabled={opening !== null} onClick={() => void openSourcePanel('prometheus')}>
            <Activity size={20} aria-hidden />
            <strong>I have Prometheus…</strong>
            <span>Collect measurements of node_exporter or of your query, forecast and analyse them.</span>
          </button>
          <button type="button" className="card" disabled={opening !== null} onClick={() => navigateTo('cloud')}>
            <Cloud size={20} aria-hidden />
            <strong>Connect to AWS…</strong>
            <span>Run the analysis on Amazon SageMaker and download the verified run.</span>
          </button>
        </div>
        {source !== null && <SourcePanel key={source} kind={source} />}
        <p className="start-hint">{opening === null ? 'Or drop files or a folder here.' : `Opening ${opening} …`}</p>
        <section className="recent" aria-label="Recent runs">
          <h2>Recent runs</h2>
          {recentRuns.length === 0 ? (
            <p className="muted">No runs yet. Open the sample fleet to start.</p>
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
      <span className="recent-figure">{formatting.count(run.servers)} servers</span>
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
