// Run it there: who you are, where it goes, what is checked, one click; and every trip with its timeline and log.
import { useEffect } from 'react'
import { ErrorPanel } from '../components/error-panel.tsx'
import { bringIntoView } from './bring-into-view.ts'
import { CheckLines } from './check-lines.tsx'
import { connectCloud, loadCloud, useCloudState } from './cloud-state.ts'
import { CodeDialog } from './code-dialog.tsx'
import { JobHistory } from './job-history.tsx'
import { LaunchForm } from './launch-form.tsx'
import { TripPanel } from './trip-panel.tsx'
import { TripList } from './trip-list.tsx'
import './cloud.css'

export const CloudView = () => {
  const { error, preflight, trips, selected, shownCode, errand } = useCloudState()
  useEffect(() => void loadCloud(), [])
  const trip = trips.find(({ runId }) => runId === selected)
  return (
    <main className="cloud" aria-label="Cloud">
      <section className="cloud-launch" aria-label="Launch">
        <header className="cloud-head">
          <h1>Run it on Amazon SageMaker</h1>
          <p className="muted">The same engine on a machine of your own account; the run comes home verified.</p>
        </header>
        <LaunchForm />
        <p className="cloud-errand muted" role="status">
          {errand === '' ? '' : `${errand} …`}
        </p>
        {shownCode !== null && (
          <p className="notice" role="status">
            Confirm <strong>{shownCode.code}</strong> at {shownCode.page}.
          </p>
        )}
        {error !== null && (
          <div ref={bringIntoView} key={error.message}>
            <ErrorPanel error={error} onDismiss={() => useCloudState.setState({ error: null })} />
          </div>
        )}
        {error?.message.includes(' runs a program ') === true && (
          <button type="button" className="button" onClick={() => void connectCloud(true)}>
            Allow that program
          </button>
        )}
        {preflight !== null && <CheckLines preflight={preflight} />}
      </section>
      <section className="cloud-trips" aria-label="Launches">
        <TripList />
        {trip === undefined ? (
          <p className="muted cloud-empty">Nothing was launched from here yet: fill in forecasts, bucket and role, check, and launch.</p>
        ) : (
          <TripPanel key={trip.runId} trip={trip} />
        )}
        <JobHistory />
      </section>
      <CodeDialog />
    </main>
  )
}
