// One trip: its timeline with durations, what is going on, how it ended, its log, and what can be done about it.
import { useState } from 'react'
import type { TripView } from '../../src-shared/cloud-contract.ts'
import type { JobLoad } from '../../src-shared/cloud-job.ts'
import { ErrorPanel } from '../components/error-panel.tsx'
import { openRunFolder } from '../state/open-path.ts'
import { continueTrip, openConsole, stopTrip } from './cloud-state.ts'
import { duration, formatGigabytes, formatUsd, tripWord } from './cloud-words.ts'
import { LogPanel } from './log-panel.tsx'

export const TripPanel = ({ trip }: { readonly trip: TripView }) => {
  const [asksToStop, setAsksToStop] = useState(false)
  const { runId, folder, isLive, status, error, activity, progress } = trip
  const isRunning = status === 'InProgress'
  return (
    <article className="cloud-trip" aria-label={trip.jobName}>
      <header>
        <h2>{trip.jobName}</h2>
        <span data-testid="trip-state">{tripWord(trip)}</span>
        {trip.part !== 'whole' && <span className="muted">{trip.part === 'spark' ? 'Spark stage, 1 of 2' : 'Second stage, 2 of 2'}</span>}
        <span className="muted">
          {trip.instanceType}, {trip.region}
          {trip.peakMemoryBytes !== null && `, memory up to ${formatGigabytes(trip.peakMemoryBytes)}`}
          {trip.mostUsd !== null && `, at most ${formatUsd(trip.mostUsd)} (estimate)`}
        </span>
      </header>
      <Timeline trip={trip} />
      {trip.load !== null && <Load load={trip.load} />}
      {activity !== '' && isLive && (
        <p role="status" className="cloud-activity">
          {activity}
          {progress !== null && <progress value={progress} max={1} aria-label={activity} />}
        </p>
      )}
      {error !== null && (
        <ErrorPanel error={error} {...(isLive || hasFailedForGood(trip) ? {} : { onRetry: () => void continueTrip(runId) })} />
      )}
      <div className="actions">
        {folder !== null && (
          <button type="button" className="button primary" onClick={() => void openRunFolder(folder)}>
            Open the run
          </button>
        )}
        {trip.stage !== 'planned' && (
          <button type="button" className="button" onClick={() => void openConsole(runId)}>
            Show in the AWS console
          </button>
        )}
        {isRunning && !asksToStop && (
          <button type="button" className="button" onClick={() => setAsksToStop(true)}>
            Stop …
          </button>
        )}
        {isRunning && asksToStop && (
          <>
            <span>Its outputs will be lost.</span>
            <button type="button" className="button" onClick={() => void stopTrip(runId).then(() => setAsksToStop(false))}>
              Stop the job
            </button>
            <button type="button" className="button" onClick={() => setAsksToStop(false)}>
              Let it run
            </button>
          </>
        )}
      </div>
      <LogPanel trip={trip} />
    </article>
  )
}

/** A part of a trip through Spark can be begun again over what it had finished. */
const hasFailedForGood = ({ part, status }: TripView): boolean => part === 'whole' && (status === 'Failed' || status === 'Stopped')

const loadNames = { cpu: 'CPU, 100 % per core', memory: 'Memory', disk: 'Disk' } as const

/** What CloudWatch measures; a metric that it lacks is not shown. */
const Load = ({ load }: { readonly load: JobLoad }) => (
  <dl className="cloud-load" aria-label="Load of the machine">
    {(['cpu', 'memory', 'disk'] as const).map((name) => {
      const measured = load[name]
      return (
        measured !== null && (
          <div key={name}>
            <dt>{loadNames[name]}</dt>
            <dd>
              {Math.round(measured.last)} % <span className="muted">most {Math.round(measured.most)} %</span>
            </dd>
          </div>
        )
      )
    })}
  </dl>
)

const Timeline = ({ trip }: { readonly trip: TripView }) => {
  const { createdAt, submittedAt, startedAt, endedAt, folder } = trip
  const steps = [
    { name: 'Uploaded', at: submittedAt, took: duration(createdAt, submittedAt) },
    { name: 'Machine found', at: startedAt, took: duration(submittedAt, startedAt) },
    { name: 'Computed', at: endedAt, took: duration(startedAt, endedAt) },
    { name: 'Home', at: folder === null ? null : endedAt, took: '' },
  ]
  return (
    <ol className="cloud-timeline" aria-label="Timeline">
      {steps.map(({ name, at, took }) => (
        <li key={name} data-done={at !== null}>
          {name}
          {took !== '' && <span className="muted"> {took}</span>}
        </li>
      ))}
    </ol>
  )
}
