// One cloud run: timeline with durations, current activity, outcome, log, and its actions.
import { useState } from 'react'
import type { CloudRunView } from '../../src-shared/ipc/cloud-contract.ts'
import type { JobLoad } from '../../src-shared/cloud/cloud-job.ts'
import { ErrorPanel } from '../components/error-panel.tsx'
import { openRunFolder } from '../state/open-path.ts'
import { resumeRun, openConsole, stopRun } from '../state/cloud-state.ts'
import { formatDuration, formatGigabytes, formatUsd } from '../theme/formatting.ts'
import { runStateLabel } from './cloud-run-list.tsx'
import { LogPanel } from './log-panel.tsx'

export const CloudRunPanel = ({ cloudRun }: { readonly cloudRun: CloudRunView }) => {
  const [isConfirmingStop, setIsConfirmingStop] = useState(false)
  const { runId, folder, isLive, status, error, activity, progress } = cloudRun
  const isRunning = status === 'InProgress'
  return (
    <article className="cloud-run" aria-label={cloudRun.jobName}>
      <header>
        <h2>{cloudRun.jobName}</h2>
        <span data-testid="run-state">{runStateLabel(cloudRun)}</span>
        {cloudRun.part !== 'whole' && (
          <span className="muted">{cloudRun.part === 'spark' ? 'Job 1 of 2: Spark' : 'Job 2 of 2: engine'}</span>
        )}
        <span className="muted">
          {cloudRun.instanceType}, {cloudRun.region}
          {cloudRun.peakMemoryBytes !== null && `, peak memory ${formatGigabytes(cloudRun.peakMemoryBytes)}`}
          {cloudRun.costUsd !== null && `, cost ${costText(cloudRun.costUsd)}`}
          {cloudRun.maxUsd !== null && `, estimated cost up to ${formatUsd(cloudRun.maxUsd)}`}
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
          <button type="button" className="button primary-button" onClick={() => void openRunFolder(folder)}>
            Open run
          </button>
        )}
        {cloudRun.stage !== 'planned' && (
          <button type="button" className="button" onClick={() => void openConsole(runId)}>
            Open AWS console
          </button>
        )}
        {isRunning && !isConfirmingStop && (
          <button type="button" className="button" onClick={() => setIsConfirmingStop(true)}>
            Stop
          </button>
        )}
        {isRunning && isConfirmingStop && (
          <>
            <span>The job’s outputs will be lost.</span>
            <button type="button" className="button" onClick={() => void stopRun(runId).then(() => setIsConfirmingStop(false))}>
              Stop job
            </button>
            <button type="button" className="button" onClick={() => setIsConfirmingStop(false)}>
              Cancel
            </button>
          </>
        )}
      </div>
      <LogPanel cloudRun={cloudRun} />
    </article>
  )
}

const cent = 0.01
const costText = (usd: number): string => (usd < cent ? `below ${formatUsd(cent)}` : `about ${formatUsd(usd)}`)

/** A part of a run on a Spark cluster can resume after its last complete step. */
const isFinalFailure = ({ part, status }: CloudRunView): boolean => part === 'whole' && (status === 'Failed' || status === 'Stopped')

const loadLabels = { cpu: 'CPU (100 % per core)', memory: 'Memory', disk: 'Disk' } as const

/** Utilisation by CloudWatch; missing metrics are not shown. */
const InstanceLoad = ({ load }: { readonly load: JobLoad }) => (
  <dl className="cloud-load" aria-label="Instance utilisation">
    {(['cpu', 'memory', 'disk'] as const).map((name) => {
      const usage = load[name]
      return (
        usage !== null && (
          <div key={name}>
            <dt>{loadLabels[name]}</dt>
            <dd>
              {Math.round(usage.last)} % <span className="muted">(max {Math.round(usage.most)} %)</span>
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
    { name: 'Started', at: startedAt, elapsed: formatDuration(submittedAt, startedAt) },
    { name: 'Completed', at: endedAt, elapsed: formatDuration(startedAt, endedAt) },
    { name: 'Downloaded', at: folder === null ? null : endedAt, elapsed: '' },
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
