// The cloud runs of this machine, newest first.
import { formatUtcTime } from '../theme/formatting.ts'
import { selectRun, useCloudState } from '../state/cloud-state.ts'
import { runStateLabel } from './cloud-labels.ts'

export const CloudRunList = () => {
  const { cloudRuns, selectedRunId } = useCloudState()
  if (cloudRuns.length === 0) return null
  return (
    <ul className="cloud-run-list" aria-label="Cloud runs">
      {cloudRuns.map((cloudRun) => (
        <li key={cloudRun.runId}>
          <button
            type="button"
            aria-current={cloudRun.runId === selectedRunId ? 'true' : undefined}
            onClick={() => void selectRun(cloudRun.runId)}
          >
            <span>{formatUtcTime(cloudRun.createdAt)}</span>
            <span className="muted">{cloudRun.instanceType}</span>
            <span>{runStateLabel(cloudRun)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
