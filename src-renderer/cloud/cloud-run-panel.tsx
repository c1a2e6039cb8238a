// One trip: its timeline with durations, what is going on, how it ended, its log, and what can be done about it.
import { useState } from 'react'
import type { CloudRunView } from '../../src-shared/ipc/cloud-contract.ts'
import type { JobLoad } from '../../src-shared/cloud/cloud-job.ts'
import { ErrorPanel } from '../components/error-panel.tsx'
import { openRunFolder } from '../state/open-path.ts'
import { resumeRun, openConsole, stopRun } from '../state/cloud-state.ts'
import { formatDuration, formatGigabytes, formatUsd, runStateLabel } from './cloud-labels.ts'
import { LogPanel } from './log-panel.tsx'

export const CloudRunPanel = ({ cloudRun }: { readonly cloudRun: CloudRunView }) => {
  const [isConfirmingStop, setIsConfirmingStop] = useState(false)
  const { runId, folder, isLive, status, error, activity, progress } = cloudRun
  const isRunning = status === 'InProgress'
  return (
    <article className="cloud-trip" aria-label={cloudRun.jobName}>
      <header>
        <h2>{cloudRun.jobName}</h2>
        <span data-testid="trip-state">{runStateLabel(cloudRun)}</span>
        {cloudRun.part !== 'whole' && (
          <span className="muted">{cloudRun.part === 'spark' ? 'Spark stage, 1 of 2' : 'Second stage, 2 of 2'}</span>
        )}
        <span className="muted">
          {cloudRun.instanceType}, {cloudRun.region}
          {cloudRun.peakMemoryBytes !== null && `, memory up to ${formatGigabytes(cloudRun.peakMemoryBytes)}`}
          {cloudRun.maxUsd !== null && `, at most ${formatUsd(cloudRun.maxUsd)} (estimate)`}
        </span>
      </header>
      <Timeline cloudRun={cloudRun} />
      {cloudRun.load !== null && <InstanceLoad load={cloudRun.load} />}
      {activity !== '' && isLive && (
        <p role="status" className="cloud-activity">
          {activity}
          {progress !== null && <progress value={progress} max={1} aria-label={activity} />}
        </p>
      )}
      {error !== null && (
        <ErrorPanel error={error} {...(isLive || isFinalFailure(cloudRun) ? {} : { onRetry: () => void resumeRun(runId) })} />
      )}
      <div className="actions">
        {folder !== null && (
          <button type="button" className="button primary" onClick={() => void openRunFolder(folder)}>
            Open the run
          </button>
        )}
        {cloudRun.stage !== 'planned' && (
          <button type="button" className="button" onClick={() => void openConsole(runId)}>
            Show in the AWS console
          </button>
        )}
        {isRunning && !isConfirmingStop && (
          <button type="button" className="button" onClick={() => setIsConfirmingStop(true)}>
            Stop …
          </button>
        )}
        {isRunning && isConfirmingStop && (
          <>
            <span>Its outputs will be lost.</span>
            <button type="button" className="button" onClick={() => void stopRun(runId).then(() => setIsConfirmingStop(false))}>
              Stop the job
            </button>
            <button type="button" className="button" onClick={() => setIsConfirmingStop(false)}>
              Let it run
            </button>
          </>
        )}
      </div>
      <LogPanel cloudRun={cloudRun} />
    </article>
  )
}

/** A part of a trip through Spark can be begun again over what it had finished. */
const isFinalFailure = ({ part, status }: CloudRunView): boolean => part === 'whole' && (status === 'Failed' || status === 'Stopped')

const loadLabels = { cpu: 'CPU, 100 % per core', memory: 'Memory', disk: 'Disk' } as const

/** What CloudWatch measures; a metric that it lacks is not shown. */
const InstanceLoad = ({ load }: { readonly load: JobLoad }) => (
  <dl className="cloud-load" aria-label="Load of the machine">
    {(['cpu', 'memory', 'disk'] as const).map((name) => {
      const usage = load[name]
      return (
        usage !== null && (
          <div key={name}>
            <dt>{loadLabels[name]}</dt>
            <dd>
              {Math.round(usage.last)} % <span className="muted">most {Math.round(usage.most)} %</span>
            </dd>
          </div>
        )
      )
    })}
  </dl>
)

const Timeline = ({ cloudRun }: { readonly cloudRun: CloudRunView }) => {
  const { createdAt, submittedAt, startedAt, endedAt, folder } = cloudRun
  const steps = [
    { name: 'Uploaded', at: submittedAt, elapsed: formatDuration(createdAt, submittedAt) },
    { name: 'Machine found', at: startedAt, elapsed: formatDuration(submittedAt, startedAt) },
    { name: 'Computed', at: endedAt, elapsed: formatDuration(startedAt, endedAt) },
    { name: 'Home', at: folder === null ? null : endedAt, elapsed: '' },
  ]
  return (
    <ol className="cloud-timeline" aria-label="Timeline">
      {steps.map(({ name, at, elapsed }) => (
        <li key={name} data-done={at !== null}>
          {name}
          {elapsed !== '' && <span className="muted"> {elapsed}</span>}
        </li>
      ))}
    </ol>
  )
}
