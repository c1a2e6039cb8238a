// The cloud runs of this machine, newest first.
import type { CloudRunView } from '../../src-shared/ipc/cloud-contract.ts'
import { formatTimeIn } from '../theme/formatting.ts'
import { selectRun, useCloudState } from '../state/cloud-state.ts'

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
            <span>{formatTimeIn('UTC', cloudRun.createdAt)}</span>
            <span className="muted">{cloudRun.instanceType}</span>
            <span>{runStateLabel(cloudRun)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** One word for the state of a cloud run. */
export const runStateLabel = ({ stage, status, error, isLive }: CloudRunView): string => {
  if (stage === 'home') return 'Downloaded'
  if (error !== null && !isLive) return status === 'Stopped' ? 'Stopped' : status === 'Completed' ? 'Incomplete' : 'Failed'
  if (status !== null) return status === 'InProgress' ? 'Running' : status
  return isLive ? 'Uploading' : 'Not submitted'
}
