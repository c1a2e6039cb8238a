// A trip as the window shows it, brought up to date by each event.
import type { TripView } from '../../src-shared/cloud-contract.ts'
import type { CloudCaller, CloudEvent, Trip } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { memoryIn } from '../cloud/follow-job.ts'
import { explainEnd } from '../cloud/job-end.ts'
import { HeadroomError, toWireError } from '../../src-shared/errors.ts'

export const viewOfTrip = ({ runId, settings, task }: LaunchRequest, { region, account }: CloudCaller, trip?: Trip): TripView => {
  const job = trip?.job ?? null
  const incomplete = trip?.incomplete ?? null
  const failure =
    incomplete !== null
      ? new HeadroomError('cloud-incomplete', incomplete)
      : job === null
        ? undefined
        : explainEnd(job, { region, roleArn: settings.roleArn }, settings.maxRuntimeSeconds)
  return {
    runId,
    jobName: trip?.jobName ?? `headroom-${runId}`,
    stage: trip?.stage ?? 'planned',
    part: trip?.part ?? (task.kind === 'engine' && task.spark !== undefined ? 'spark' : 'whole'),
    status: job?.status ?? null,
    createdAt: trip?.createdAt ?? new Date().toISOString(),
    submittedAt: job?.createdAt ?? null,
    startedAt: job?.startedAt ?? null,
    endedAt: job?.endedAt ?? null,
    region,
    account,
    instanceType: trip?.instanceType ?? settings.instanceType ?? '',
    mostUsd: trip?.mostUsd ?? null,
    activity: trip === undefined ? 'Planning' : '',
    progress: null,
    peakMemoryBytes: null,
    load: null,
    error: failure === undefined ? null : toWireError(failure),
    isLive: false,
    folder: trip?.folder ?? null,
  }
}

const share = (bytes: number, total: number): number => (total === 0 ? 1 : Math.min(1, bytes / total))

export const viewWithEvent = (view: TripView, event: CloudEvent): TripView => {
  switch (event.type) {
    case 'planned':
      return {
        ...view,
        instanceType: event.instance_type,
        mostUsd: event.most_usd,
        activity: 'Checking what is in the bucket',
        progress: null,
      }
    case 'upload':
      return { ...view, activity: `Uploading ${event.file}`, progress: share(event.bytes, event.total) }
    case 'submitted':
      return {
        ...view,
        stage: 'submitted',
        part: event.part,
        jobName: event.job,
        status: 'InProgress',
        startedAt: null,
        endedAt: null,
        activity: 'Waiting for a machine',
        progress: null,
      }
    case 'status': {
      const { status, createdAt: submittedAt, startedAt, endedAt } = event.job
      const activity =
        endedAt !== null
          ? ''
          : startedAt === null
            ? 'Waiting for a machine'
            : view.activity === 'Waiting for a machine'
              ? 'Starting the engine'
              : view.activity
      return { ...view, stage: endedAt === null ? view.stage : 'ended', status, submittedAt, startedAt, endedAt, activity, error: null }
    }
    case 'engine':
      return event.event.type === 'step' ? { ...view, activity: event.event.label, progress: event.event.progress } : view
    case 'metrics':
      return { ...view, load: event.load }
    case 'waiting':
      return { ...view, error: event.error }
    case 'download':
      return { ...view, activity: `Downloading ${event.file}`, progress: share(event.bytes, event.total), error: null }
    case 'home':
      return { ...view, stage: 'home', folder: event.folder, activity: '', progress: null }
    case 'log':
      return { ...view, peakMemoryBytes: Math.max(view.peakMemoryBytes ?? 0, memoryIn(event.line)) || null }
  }
}
