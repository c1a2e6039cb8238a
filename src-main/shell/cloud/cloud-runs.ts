// The cloud runs of this window: launched, followed and downloaded. After a restart each one resumes.
import { join } from 'node:path'
import type { CloudRunView } from '../../../src-shared/ipc/cloud-contract.ts'
import { hasEnded, type CloudEvent, type LogLine, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError, toWireError } from '../../../src-shared/run/errors.ts'
import { identifyCaller, type Connection } from '../../cloud/account/connection.ts'
import { launchRun, type EnginePort } from '../../cloud/launch/launch-run.ts'
import { JobLog } from '../../cloud/jobs/job-log.ts'
import { cloudFolders, LaunchRecords } from '../../cloud/launch/launch-records.ts'
import { applyEvent, createProgressFilter, toCloudRunView } from './cloud-run-view.ts'
import { consoleUrl } from '../../cloud/account/aws-pages.ts'
import { waitForRun } from '../../cloud/launch/wait-for-run.ts'
import { downloadRun } from '../../cloud/download/download-run.ts'
import { resumeRun } from '../../cloud/launch/resume-run.ts'
import { stopJob } from '../../cloud/jobs/describe-job.ts'

export interface CloudRunsDeps {
  /** The application's `cloud` folder. */
  readonly folder: string
  /** Downloaded runs go below it. */
  readonly runs: string
  readonly connect: (profile: string | null, region: string | null) => Promise<Connection>
  readonly engine: EnginePort
  readonly onRun: (cloudRun: CloudRunView) => void
  readonly onLines: (runId: string, lines: LogLine[]) => void
  /** The run was downloaded, or failed. */
  readonly onEnd: (cloudRun: CloudRunView) => void
  readonly pollMs?: number | undefined
}

interface ActiveRun {
  view: CloudRunView
  readonly lines: LogLine[]
  controller: AbortController | undefined
}

const maxLines = 10_000

export class CloudRuns {
  readonly #deps: CloudRunsDeps
  readonly #launchRecords: LaunchRecords
  readonly #active = new Map<string, ActiveRun>()
  readonly #pending = new Set<Promise<void>>()

  constructor(deps: CloudRunsDeps) {
    this.#deps = deps
    this.#launchRecords = new LaunchRecords(cloudFolders(deps.folder).launchRecords)
  }

  get launchRecords(): LaunchRecords {
    return this.#launchRecords
  }

  /** Resumes what an earlier start left unfinished. */
  async resume(): Promise<void> {
    for (const cloudRun of await this.#launchRecords.list()) {
      const activeRun = this.#add(cloudRun)
      // Failed jobs and incomplete runs are only shown; the user may still resume them.
      const hasFailed =
        cloudRun.incomplete !== null || (cloudRun.job !== null && hasEnded(cloudRun.job.status) && cloudRun.job.status !== 'Completed')
      if (cloudRun.stage !== 'home' && !hasFailed) this.#resumeRecorded(activeRun, cloudRun)
    }
  }

  /** Newest first. */
  list(): CloudRunView[] {
    return [...this.#active.values()].map(({ view }) => view).sort((a, b) => (a.runId < b.runId ? 1 : -1))
  }

  /** The log of a job that ended before this start comes from CloudWatch; empty if that fails. */
  async lines(runId: string): Promise<LogLine[]> {
    const activeRun = this.#find(runId)
    const { stage, isLive, jobName } = activeRun.view
    if (activeRun.lines.length === 0 && !isLive && stage !== 'planned' && stage !== 'submitting') {
      const { profile, caller } = await this.#launchRecords.get(runId)
      const connection = await this.#deps.connect(profile, caller.region)
      const lines = await new JobLog(connection, jobName).read().catch(() => [])
      if (activeRun.lines.length === 0) activeRun.lines.push(...lines.slice(-maxLines))
    }
    return [...activeRun.lines]
  }

  async launch(request: LaunchRequest, profile: string | null, region: string | null): Promise<void> {
    const connection = await this.#deps.connect(profile, region)
    const caller = await identifyCaller(connection)
    const activeRun: ActiveRun = { view: toCloudRunView(request, caller), lines: [], controller: undefined }
    this.#active.set(request.runId, activeRun)
    this.#begin(
      activeRun,
      (signal) =>
        launchRun(
          { connection, caller, launchRecords: this.#launchRecords, request, engine: this.#deps.engine },
          { signal, onEvent: (event) => this.#handleEvent(activeRun, event) },
        ),
      connection,
    )
  }

  async resumeRun(runId: string): Promise<void> {
    const activeRun = this.#find(runId)
    if (activeRun.controller !== undefined) return
    this.#resumeRecorded(activeRun, await this.#launchRecords.get(runId))
  }

  async stop(runId: string): Promise<void> {
    const cloudRun = await this.#launchRecords.get(runId)
    await stopJob(await this.#deps.connect(cloudRun.profile, cloudRun.caller.region), cloudRun.jobName)
  }

  async consoleUrl(runId: string): Promise<string> {
    const cloudRun = await this.#launchRecords.get(runId)
    return consoleUrl(cloudRun.caller.region, cloudRun.jobName)
  }

  /** Jobs go on, and the next start follows them again. */
  async stopFollowing(): Promise<void> {
    for (const { controller } of this.#active.values()) controller?.abort()
    await Promise.all(this.#pending)
  }

  #find(runId: string): ActiveRun {
    const activeRun = this.#active.get(runId)
    if (activeRun === undefined) throw new HeadroomError('cloud-setup', `There is no cloud run ${runId}.`)
    return activeRun
  }

  #add(cloudRun: CloudRun): ActiveRun {
    const activeRun: ActiveRun = { view: toCloudRunView(cloudRun.request, cloudRun.caller, cloudRun), lines: [], controller: undefined }
    this.#active.set(cloudRun.runId, activeRun)
    return activeRun
  }

  #resumeRecorded(activeRun: ActiveRun, cloudRun: CloudRun): void {
    this.#begin(activeRun, async (signal) => {
      const connection = await this.#deps.connect(cloudRun.profile, cloudRun.caller.region)
      return resumeRun(connection, this.#launchRecords, cloudRun, { signal, onEvent: (event) => this.#handleEvent(activeRun, event) })
    })
  }

  /** Launches or resumes, then follows and downloads. */
  #begin(activeRun: ActiveRun, submit: (signal: AbortSignal) => Promise<CloudRun>, existing?: Connection): void {
    const controller = new AbortController()
    activeRun.controller = controller
    this.#show(activeRun, { isLive: true, error: null })
    const end = this.#follow(activeRun, controller.signal, submit, existing)
      .catch((thrown: unknown) => {
        if (!controller.signal.aborted) this.#finish(activeRun, { isLive: false, activity: '', progress: null, error: toWireError(thrown) })
      })
      .finally(() => {
        activeRun.controller = undefined
        this.#pending.delete(end)
      })
    this.#pending.add(end)
  }

  async #follow(
    activeRun: ActiveRun,
    signal: AbortSignal,
    submit: (signal: AbortSignal) => Promise<CloudRun>,
    existing: Connection | undefined,
  ): Promise<void> {
    const options = { signal, onEvent: (event: CloudEvent) => this.#handleEvent(activeRun, event), pollMs: this.#deps.pollMs }
    const submitted = await submit(signal)
    const connection = existing ?? (await this.#deps.connect(submitted.profile, submitted.caller.region))
    const ended = await waitForRun(connection, this.#launchRecords, submitted, options)
    const downloaded = await downloadRun(connection, this.#launchRecords, ended, join(this.#deps.runs, `cloud-${ended.runId}`), options)
    this.#finish(activeRun, { isLive: false, stage: 'home', activity: '', progress: null, error: null, folder: downloaded.folder })
  }

  readonly #isDue = createProgressFilter()
  #handleEvent(activeRun: ActiveRun, event: CloudEvent): void {
    activeRun.view = applyEvent(activeRun.view, event)
    if (event.type === 'log') {
      activeRun.lines.push(event.line)
      if (activeRun.lines.length > maxLines) activeRun.lines.splice(0, activeRun.lines.length - maxLines)
      this.#deps.onLines(activeRun.view.runId, [event.line])
      return
    }
    if (this.#isDue(event)) this.#deps.onRun(activeRun.view)
  }

  #show(activeRun: ActiveRun, change: Partial<CloudRunView>): void {
    activeRun.view = { ...activeRun.view, ...change }
    this.#deps.onRun(activeRun.view)
  }

  #finish(activeRun: ActiveRun, change: Partial<CloudRunView>): void {
    this.#show(activeRun, change)
    this.#deps.onEnd(activeRun.view)
  }
}
