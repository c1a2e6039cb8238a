// A cloud run for the window, and how each event changes it.
import type { CloudRunView } from '../../../src-shared/ipc/cloud-contract.ts'
import { costOfRun, type CloudCaller, type CloudEvent, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { parsePeakMemoryBytes } from '../../cloud/jobs/follow-job.ts'
import { partsOf } from '../../cloud/launch/plan-resources.ts'
import { jobNameOf } from '../../cloud/launch/run-names.ts'
import { HeadroomError, toWireError } from '../../../src-shared/run/errors.ts'
import { explainJobEnd } from '../../cloud/jobs/job-end.ts'

export const toCloudRunView = (request: LaunchRequest, { region, account }: CloudCaller, cloudRun?: CloudRun): CloudRunView => {
  const { runId, settings } = request
  const part = cloudRun?.part ?? partsOf(request)[0]
  const job = cloudRun?.job ?? null
  const incomplete = cloudRun?.incomplete ?? null
  const failure =
    incomplete !== null
      ? new HeadroomError('cloud-incomplete', incomplete)
      : job === null
        ? undefined
        : explainJobEnd(job, { region, roleArn: settings.roleArn }, settings.maxRuntimeSeconds)
  return {
    runId,
    jobName: cloudRun?.jobName ?? jobNameOf(runId, part, 1),
    stage: cloudRun?.stage ?? 'planned',
    part,
    status: job?.status ?? null,
    createdAt: cloudRun?.createdAt ?? new Date().toISOString(),
    submittedAt: job?.createdAt ?? null,
    startedAt: job?.startedAt ?? null,
    endedAt: job?.endedAt ?? null,
    region,
    account,
    instanceType: cloudRun?.instanceType ?? settings.instanceType ?? '',
    maxUsd: cloudRun?.mostUsd ?? null,
    costUsd: cloudRun === undefined ? null : costOfRun(cloudRun),
    activity: cloudRun === undefined ? 'Planning' : '',
    progress: null,
    peakMemoryBytes: null,
    load: null,
    error: failure === undefined ? null : toWireError(failure),
    isLive: false,
    folder: cloudRun?.folder ?? null,
  }
}

const progressIntervalMs = 100

/** Lets progress events through at most every tenth of a second, and always the last one; every other event passes. */
export const createProgressFilter = (): ((event: CloudEvent) => boolean) => {
  let lastPassedAt = 0
  return (event) => {
    const isProgress = (event.type === 'upload' || event.type === 'download') && event.bytes < event.total
    if (isProgress && Date.now() - lastPassedAt < progressIntervalMs) return false
    lastPassedAt = Date.now()
    return true
  }
}

const fractionOf = (bytes: number, total: number): number => (total === 0 ? 1 : Math.min(1, bytes / total))

export const applyEvent = (view: CloudRunView, event: CloudEvent): CloudRunView => {
  switch (event.type) {
    case 'check':
      return { ...view, activity: `Checking: ${event.check.title}`, progress: null }
    case 'planned':
      return {
        ...view,
        instanceType: event.instance_type,
        maxUsd: event.most_usd,
        activity: 'Comparing files with the bucket',
        progress: null,
      }
    case 'upload':
      return { ...view, activity: `Uploading ${event.file}`, progress: fractionOf(event.bytes, event.total) }
    case 'submitted':
      return {
        ...view,
        stage: 'submitted',
        part: event.part,
        jobName: event.job,
        status: 'InProgress',
        startedAt: null,
        endedAt: null,
        activity: 'Waiting for an instance',
        progress: null,
      }
    case 'status': {
      const { status, createdAt: submittedAt, startedAt, endedAt } = event.job
      const activity =
        endedAt !== null
          ? ''
          : startedAt === null
            ? 'Waiting for an instance'
            : view.activity === 'Waiting for an instance'
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
      return { ...view, activity: `Downloading ${event.file}`, progress: fractionOf(event.bytes, event.total), error: null }
    case 'cost':
      return { ...view, costUsd: event.usd }
    case 'home':
      return { ...view, stage: 'home', folder: event.folder, activity: '', progress: null }
    case 'log':
      return { ...view, peakMemoryBytes: Math.max(view.peakMemoryBytes ?? 0, parsePeakMemoryBytes(event.line)) || null }
  }
}
