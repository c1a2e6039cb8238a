// Run it there: who you are, where it goes, what is checked, one click; and every trip with its timeline and log.
import { useEffect } from 'react'
import { ErrorPanel, scrollIntoView } from '../components/error-panel.tsx'
import { PreflightChecks } from './preflight-checks.tsx'
import { connectAccount, loadCloud, useCloudState } from '../state/cloud-state.ts'
import { MfaCodeDialog } from './mfa-code-dialog.tsx'
import { JobHistory } from './job-history.tsx'
import { LaunchForm } from './launch-form.tsx'
import { CloudRunPanel } from './cloud-run-panel.tsx'
import { CloudRunList } from './cloud-run-list.tsx'
import './cloud.css'

export const CloudView = () => {
  const { error, preflight, cloudRuns, selectedRunId, signInCode, pendingAction } = useCloudState()
  useEffect(() => void loadCloud(), [])
  const cloudRun = cloudRuns.find(({ runId }) => runId === selectedRunId)
  return (
    <main className="cloud" aria-label="Cloud">
      <section className="cloud-launch" aria-label="Launch">
        <header className="cloud-head">
          <h1>Run it on Amazon SageMaker</h1>
          <p className="muted">The same engine on a machine of your own account; the run comes home verified.</p>
        </header>
        <LaunchForm />
        <p className="cloud-errand muted" role="status">
          {pendingAction === '' ? '' : `${pendingAction} …`}
        </p>
        {signInCode !== null && (
          <p className="notice" role="status">
            Confirm <strong>{signInCode.code}</strong> at {signInCode.page}.
          </p>
        )}
        {error !== null && (
          <div ref={scrollIntoView} key={error.message}>
            <ErrorPanel error={error} onDismiss={() => useCloudState.setState({ error: null })} />
          </div>
        )}
        {error?.message.includes(' runs a program ') === true && (
          <button type="button" className="button" onClick={() => void connectAccount(true)}>
            Allow that program
          </button>
        )}
        {preflight !== null && <PreflightChecks preflight={preflight} />}
      </section>
      <section className="cloud-trips" aria-label="Launches">
        <CloudRunList />
        {cloudRun === undefined ? (
          <p className="muted cloud-empty">Nothing was launched from here yet: fill in forecasts, bucket and role, check, and launch.</p>
        ) : (
          <CloudRunPanel key={cloudRun.runId} cloudRun={cloudRun} />
        )}
        <JobHistory />
      </section>
      <MfaCodeDialog />
    </main>
  )
}
