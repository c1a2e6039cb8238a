// The status bar: the running analysis or the run folder, a message, and the time zone.
import { X } from 'lucide-react'
import { cancelAnalysis, useElapsedSeconds } from '../state/follow-analysis.ts'
import { revealFolder } from '../state/open-path.ts'
import { navigateTo } from '../state/navigation.ts'
import { useWindowState, type RunningAnalysis } from '../state/window-state.ts'
import { formatElapsed, formatting } from '../theme/formatting.ts'

export const StatusBar = () => {
  const { analysis, run, view, notice } = useWindowState()
  return (
    <footer className="status-bar" data-region>
      {analysis !== null && view !== 'progress' ? (
        <AnalysisStatus analysis={analysis} />
      ) : (
        view !== 'start' &&
        run !== null && (
          <button type="button" className="status-link" title="Show in file manager" onClick={() => void revealFolder(run.folder)}>
            {run.folder}
          </button>
        )
      )}
      <span className="status-notice" role="status">
        {view === 'start' || view === 'progress' ? '' : notice}
      </span>
      {notice !== null && view !== 'start' && view !== 'progress' && (
        <button
          type="button"
          className="status-link"
          aria-label="Dismiss message"
          onClick={() => useWindowState.setState({ notice: null })}
        >
          <X size={12} aria-hidden />
        </button>
      )}
      <span className="status-zone">All times {formatting.clock.zone}</span>
    </footer>
  )
}

/** Below this share of the work the estimate is unstable. */
const minEstimateShare = 0.08

const AnalysisStatus = ({ analysis }: { readonly analysis: RunningAnalysis }) => {
  const seconds = useElapsedSeconds(analysis.startedAtMs)
  const { progress } = analysis
  const remainingSeconds = progress < minEstimateShare ? null : (seconds * (1 - progress)) / progress
  return (
    <span className="status-running">
      <button type="button" className="status-link" title="Show progress" onClick={() => navigateTo('progress')}>
        Analysing {analysis.name}: {analysis.step}, {Math.floor(progress * 100)} %
        {remainingSeconds !== null && `, about ${formatElapsed(remainingSeconds)} remaining`}
      </button>
      <span className="status-meter" aria-hidden>
        <span className="bar-done" style={{ width: `${progress * 100}%` }} />
      </span>
      <button type="button" className="status-link" disabled={analysis.isCancelling} onClick={() => void cancelAnalysis()}>
        {analysis.isCancelling ? 'Cancelling' : 'Cancel'}
      </button>
    </span>
  )
}
