// All processing jobs of the account on request, and the download of a run from S3.
import { useState } from 'react'
import type { ListedJob } from '../../src-shared/ipc/cloud-contract.ts'
import { openRunFolder } from '../state/open-path.ts'
import { formatTimeIn } from '../theme/formatting.ts'
import { downloadRun, loadHistory, useCloudState } from '../state/cloud-state.ts'

export const JobHistory = () => {
  const { history, historyNote, pendingAction, downloadProgress } = useCloudState()
  const [prefix, setPrefix] = useState('')
  return (
    <section className="cloud-history" aria-label="Job history">
      <form
        className="cloud-download"
        onSubmit={(event) => {
          event.preventDefault()
          void downloadRun(prefix.trim())
        }}
      >
        <button type="button" className="button" disabled={pendingAction !== ''} onClick={() => void loadHistory()}>
          List jobs
        </button>
        <input
          type="text"
          aria-label="S3 prefix of a run"
          placeholder="s3://bucket/risk_analysis/"
          spellCheck={false}
          value={prefix}
          onChange={({ target }) => setPrefix(target.value)}
        />
        <button type="submit" className="button" disabled={pendingAction !== '' || !prefix.trim().startsWith('s3://')}>
          Download
        </button>
      </form>
      {downloadProgress !== null && (
        <progress value={downloadProgress.bytes} max={Math.max(1, downloadProgress.total)} aria-label="Download progress" />
      )}
      {historyNote !== null && <p className="muted">{historyNote}</p>}
      {history !== null &&
        (history.length === 0 ? <p className="muted">No processing jobs in this account.</p> : <JobTable jobs={history} />)}
    </section>
  )
}

const JobTable = ({ jobs }: { readonly jobs: readonly ListedJob[] }) => (
  <table>
    <thead>
      <tr>
        <th scope="col">Job</th>
        <th scope="col">Status</th>
        <th scope="col">Started</th>
        <th scope="col">Run</th>
      </tr>
    </thead>
    <tbody>
      {jobs.map((job) => (
        <tr key={job.name}>
          <td>
            {job.name}
            {job.runId === null && <span className="muted"> (started elsewhere)</span>}
          </td>
          <td>{job.status === 'InProgress' ? 'Running' : job.status}</td>
          <td>{job.createdAt === '' ? '' : formatTimeIn('UTC', job.createdAt)}</td>
          <td>
            <RunAction job={job} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

const RunAction = ({ job: { name, status, folder } }: { readonly job: ListedJob }) => {
  const isBusy = useCloudState(({ pendingAction }) => pendingAction !== '')
  if (folder !== null)
    return (
      <button type="button" className="link" onClick={() => void openRunFolder(folder)}>
        Open
      </button>
    )
  if (status !== 'Completed') return null
  return (
    <button type="button" className="link" disabled={isBusy} aria-label={`Download ${name}`} onClick={() => void downloadRun(name)}>
      Download
    </button>
  )
}
