// The running cloud run below every other view: its state, progress and, when asked for, its log.
import { ChevronDown, ChevronUp } from 'lucide-react'
import { useState } from 'react'
import { selectRun, useCloudState } from '../state/cloud-state.ts'
import { navigateTo } from '../state/navigation.ts'
import { useWindowState } from '../state/window-state.ts'
import { runStateLabel } from './cloud-run-list.tsx'
import { LogPanel } from './log-panel.tsx'
import './cloud.css'

export const CloudDock = () => {
  const { cloudRuns, selectedRunId } = useCloudState()
  const view = useWindowState((state) => state.view)
  const [isExpanded, setIsExpanded] = useState(false)
  const cloudRun = cloudRuns.find(({ isLive }) => isLive)
  if (cloudRun === undefined || view === 'cloud') return null
  const { runId, jobName, activity, progress } = cloudRun
  const toggle = (): void => {
    if (!isExpanded && selectedRunId !== runId) void selectRun(runId)
    setIsExpanded(!isExpanded)
  }
  return (
    <section className="cloud-dock" aria-label="Cloud run" data-region>
      <div className="cloud-dock-head">
        <strong>{jobName}</strong>
        <span>{runStateLabel(cloudRun)}</span>
        <span className="muted" role="status">
          {activity}
        </span>
        {progress !== null && <progress value={progress} max={1} aria-label={activity} />}
        <span className="toolbar-gap" />
        <button type="button" className="button quiet" aria-expanded={isExpanded} onClick={toggle}>
          Log {isExpanded ? <ChevronDown size={14} aria-hidden /> : <ChevronUp size={14} aria-hidden />}
        </button>
        <button type="button" className="button quiet" onClick={() => navigateTo('cloud')}>
          Details
        </button>
      </div>
      {isExpanded && <LogPanel cloudRun={cloudRun} />}
    </section>
  )
}
