// A running analysis: its step, progress, elapsed time and warnings, and Cancel; then its run until it is open.
import { cancelAnalysis, useElapsedSeconds } from '../../state/follow-analysis.ts'
import { fileNameOf } from '../../state/open-path.ts'
import { useWindowState, type RunningAnalysis } from '../../state/window-state.ts'
import { formatElapsed, formatting } from '../../theme/formatting.ts'
import './progress.css'

export const ProgressView = () => {
  const { analysis, opening } = useWindowState()
  if (analysis !== null) return <Progress analysis={analysis} />
  return <p className="chart-wait">Opening {opening ?? 'the run'} …</p>
}

const Progress = ({ analysis }: { readonly analysis: RunningAnalysis }) => {
  const seconds = useElapsedSeconds(analysis.startedAtMs)
  const notice = useWindowState((state) => state.notice)
  const percent = Math.floor(analysis.progress * 100)
  return (
    <main className="progress" aria-label="Progress">
      <div className="progress-inner">
        <h1>Analysing {analysis.name}</h1>
        {analysis.serversTable !== null && <p className="muted">Servers table: {fileNameOf(analysis.serversTable)}</p>}
        {analysis.eventsTable !== null && <p className="muted">Events table: {fileNameOf(analysis.eventsTable)}</p>}
        {notice !== null && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        <div
          className="bar"
          role="progressbar"
          aria-label="Analysis progress"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          <div className="bar-done" style={{ width: `${analysis.progress * 100}%` }} />
        </div>
        <div className="progress-line">
          <span aria-live="polite">{analysis.isCancelling ? 'Cancelling' : analysis.step}</span>
          <span className="progress-figures">
            {percent} % · {formatElapsed(seconds)}
          </span>
        </div>
        <div className="actions">
          <button type="button" className="button" disabled={analysis.isCancelling} onClick={() => void cancelAnalysis()}>
            Cancel
          </button>
          <span className="muted">or press Esc. No files are saved.</span>
        </div>
        {analysis.warnings.length > 0 && (
          <section className="progress-warnings" aria-label="Warnings">
            <h2>
              {formatting.count(analysis.warnings.length)} {analysis.warnings.length === 1 ? 'warning' : 'warnings'} so far
            </h2>
            <ul>
              {analysis.warnings.map(({ code, message }) => (
                <li key={`${code} ${message}`}>{message}</li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </main>
  )
}
