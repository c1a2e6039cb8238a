// The cloud view: credentials, launch form and checks on the left, cloud runs and job history on the right.
import { useEffect } from 'react'
import { ErrorPanel, scrollIntoView } from '../components/error-panel.tsx'
import { connectAccount, loadCloud, useCloudState } from '../state/cloud-state.ts'
import { JobHistory } from './job-history.tsx'
import { LaunchForm } from './launch-form.tsx'
import { CloudRunPanel } from './cloud-run-panel.tsx'
import { CloudRunList } from './cloud-run-list.tsx'
import './cloud.css'

export const CloudView = () => {
  const { error, cloudRuns, selectedRunId, signInCode, pendingAction, silentHost } = useCloudState()
  useEffect(() => void loadCloud(), [])
  const cloudRun = cloudRuns.find(({ runId }) => runId === selectedRunId)
  return (
    <main className="cloud" aria-label="Cloud">
      <section className="cloud-launch" aria-label="New job">
        <header className="cloud-head">
          <h1>Run on Amazon SageMaker</h1>
          <p className="muted">Runs the same engine in your AWS account, then downloads and verifies the run.</p>
        </header>
        <LaunchForm />
        <p className="cloud-pending muted" role="status">
          {pendingAction === '' ? '' : `${pendingAction} … `}
          {silentHost === '' ? '' : `Waiting for an answer from ${silentHost}.`}
        </p>
        {signInCode !== null && (
          <p className="notice" role="status">
            Enter code <strong>{signInCode.code}</strong> at {signInCode.page}.
          </p>
        )}
        {error !== null && (
          <div ref={scrollIntoView} key={error.message}>
            <ErrorPanel error={error} onDismiss={() => useCloudState.setState({ error: null })} />
          </div>
        )}
        {error?.code === 'cloud-process-denied' && (
          <button type="button" className="button" onClick={() => void connectAccount(true)}>
            Allow credential process
          </button>
        )}
      </section>
      <section className="cloud-runs" aria-label="Cloud runs">
        <CloudRunList />
        {cloudRun === undefined ? (
          <p className="muted cloud-empty">No cloud runs yet. Enter forecasts, bucket and role, then launch a job.</p>
        ) : (
          <CloudRunPanel key={cloudRun.runId} cloudRun={cloudRun} />
        )}
        <JobHistory />
      </section>
    </main>
  )
}
