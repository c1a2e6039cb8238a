// The quiet line at the foot: the running analysis, a notice, the run's folder, and the time zone.
import { revealFolder } from '../state/errands.ts'
import { useWindowState } from '../state/window-state.ts'

export const StatusBar = () => {
  const { analysis, run, view, notice } = useWindowState()
  return (
    <footer className="status-bar">
      {analysis !== null && view !== 'progress' ? (
        <button type="button" className="status-link" onClick={() => useWindowState.setState({ view: 'progress' })}>
          Analysing {analysis.name}: {analysis.step}, {Math.floor(analysis.progress * 100)} %
        </button>
      ) : (
        view !== 'start' &&
        run !== null && (
          <button type="button" className="status-link" title="Show in the file manager" onClick={() => void revealFolder(run.folder)}>
            {run.folder}
          </button>
        )
      )}
      {notice !== null && view !== 'start' && view !== 'progress' && <span role="status">{notice}</span>}
      <span className="status-zone">All times UTC</span>
    </footer>
  )
}
