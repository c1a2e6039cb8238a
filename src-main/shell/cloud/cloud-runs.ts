// The trips of this window: launched, followed, fetched and opened; after a restart each goes on where it was.
import { join } from 'node:path'
import type { CloudRunView } from '../../../src-shared/ipc/cloud-contract.ts'
import { hasEnded, type CloudEvent, type LogLine, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError, toWireError } from '../../../src-shared/run/errors.ts'
import { identifyCaller, type Connection } from '../../cloud/account/connection.ts'
import { consoleUrl } from '../../cloud/jobs/describe-job.ts'
import { waitForRun, downloadRun, launchRun, resumeRun } from '../../cloud/launch/launch-run.ts'
import { JobLog } from '../../cloud/jobs/job-log.ts'
import type { EnginePort } from '../../cloud/launch/engine-port.ts'
import { stopJob } from '../../cloud/jobs/stop-job.ts'
import { LaunchRecords } from '../../cloud/launch/launch-records.ts'
import { toCloudRunView, applyEvent } from './cloud-run-view.ts'

export interface CloudRunsDeps {
  /** Where journal files lie, and where runs come home. */
  readonly folder: string
  readonly runs: string
  readonly connect: (profile: string | null, region: string | null) => Promise<Connection>
  readonly engine: EnginePort
  readonly onRun: (cloudRun: CloudRunView) => void
  readonly onLines: (runId: string, lines: LogLine[]) => void
  /** The trip has ended, well or badly. */
  readonly onEnd: (cloudRun: CloudRunView) => void
  readonly pollMs?: number | undefined
}

interface ActiveRun {
  view: CloudRunView
  readonly lines: LogLine[]
  controller: AbortController | undefined
}

const maxLines = 10_000
/** At most so often is the window told of progress. */
const progressIntervalMs = 100

export class CloudRuns {
  readonly #needs: CloudRunsDeps
  readonly #journal: LaunchRecords
  readonly #live = new Map<string, ActiveRun>()
  readonly #ends = new Set<Promise<void>>()

  constructor(deps: CloudRunsDeps) {
    this.#needs = deps
    this.#journal = new LaunchRecords(join(deps.folder, 'trips'))
  }

  get launchRecords(): LaunchRecords {
    return this.#journal
  }

  /** Goes on with what an earlier start left unfinished. */
  async resume(): Promise<void> {
    for (const cloudRun of await this.#journal.list()) {
      const activeRun = this.#remember(cloudRun)
      // Failed jobs and incomplete runs are shown as they are; the user may still ask for them again.
      const hasFailed =
        cloudRun.incomplete !== null || (cloudRun.job !== null && hasEnded(cloudRun.job.status) && cloudRun.job.status !== 'Completed')
      if (cloudRun.stage !== 'home' && !hasFailed) this.#run(activeRun, cloudRun)
    }
  }

  /** Newest first. */
  list(): CloudRunView[] {
    return [...this.#live.values()].map(({ view }) => view).sort((a, b) => (a.runId < b.runId ? 1 : -1))
  }

  /** Of a job that ended before this start, they are asked of CloudWatch; none where it does not answer. */
  async lines(runId: string): Promise<LogLine[]> {
    const activeRun = this.#find(runId)
    const { stage, isLive, jobName } = activeRun.view
    if (activeRun.lines.length === 0 && !isLive && stage !== 'planned' && stage !== 'submitting') {
      const { profile, caller } = await this.#journal.get(runId)
      const connection = await this.#needs.connect(profile, caller.region)
      const lines = await new JobLog(connection, jobName).read().catch(() => [])
      if (activeRun.lines.length === 0) activeRun.lines.push(...lines.slice(-maxLines))
    }
    return [...activeRun.lines]
  }

  async launch(request: LaunchRequest, profile: string | null, region: string | null): Promise<void> {
    const connection = await this.#needs.connect(profile, region)
    const caller = await identifyCaller(connection)
    const activeRun: ActiveRun = { view: toCloudRunView(request, caller), lines: [], controller: undefined }
    this.#live.set(request.runId, activeRun)
    this.#begin(
      activeRun,
      (signal) =>
        launchRun(
          { connection, caller, launchRecords: this.#journal, request, engine: this.#needs.engine },
          { signal, onEvent: (event) => this.#hear(activeRun, event) },
        ),
      connection,
    )
  }

  async continue(runId: string): Promise<void> {
    const activeRun = this.#find(runId)
    if (activeRun.controller !== undefined) return
    this.#run(activeRun, await this.#journal.get(runId))
  }

  async stop(runId: string): Promise<void> {
    const cloudRun = await this.#journal.get(runId)
    await stopJob(await this.#needs.connect(cloudRun.profile, cloudRun.caller.region), cloudRun.jobName)
  }

  async consolePage(runId: string): Promise<string> {
    const cloudRun = await this.#journal.get(runId)
    return consoleUrl(cloudRun.caller.region, cloudRun.jobName)
  }

  /** Lets go of everything; jobs go on, and the next start follows them again. */
  async stopFollowing(): Promise<void> {
    for (const { controller } of this.#live.values()) controller?.abort()
    await Promise.all(this.#ends)
  }

  #find(runId: string): ActiveRun {
    const activeRun = this.#live.get(runId)
    if (activeRun === undefined) throw new HeadroomError('cloud-setup', `There is no launch ${runId}.`)
    return activeRun
  }

  #remember(cloudRun: CloudRun): ActiveRun {
    const activeRun: ActiveRun = { view: toCloudRunView(cloudRun.request, cloudRun.caller, cloudRun), lines: [], controller: undefined }
    this.#live.set(cloudRun.runId, activeRun)
    return activeRun
  }

  #run(activeRun: ActiveRun, cloudRun: CloudRun): void {
    this.#begin(activeRun, async (signal) => {
      const connection = await this.#needs.connect(cloudRun.profile, cloudRun.caller.region)
      return resumeRun(connection, this.#journal, cloudRun, { signal, onEvent: (event) => this.#hear(activeRun, event) })
    })
  }

  /** Launches or resumes, then follows and fetches. */
  #begin(activeRun: ActiveRun, submit: (signal: AbortSignal) => Promise<CloudRun>, existing?: Connection): void {
    const controller = new AbortController()
    activeRun.controller = controller
    this.#show(activeRun, { isLive: true, error: null })
    const end = this.#travel(activeRun, controller.signal, submit, existing)
      .catch((thrown: unknown) => {
        if (!controller.signal.aborted) this.#finish(activeRun, { isLive: false, activity: '', progress: null, error: toWireError(thrown) })
      })
      .finally(() => {
        activeRun.controller = undefined
        this.#ends.delete(end)
      })
    this.#ends.add(end)
  }

  async #travel(
    activeRun: ActiveRun,
    signal: AbortSignal,
    submit: (signal: AbortSignal) => Promise<CloudRun>,
    existing: Connection | undefined,
  ): Promise<void> {
    const work = { signal, onEvent: (event: CloudEvent) => this.#hear(activeRun, event), pollMs: this.#needs.pollMs }
    const submitted = await submit(signal)
    const connection = existing ?? (await this.#needs.connect(submitted.profile, submitted.caller.region))
    const ended = await waitForRun(connection, this.#journal, submitted, work)
    const downloaded = await downloadRun(connection, this.#journal, ended, join(this.#needs.runs, `cloud-${ended.runId}`), work)
    this.#finish(activeRun, { isLive: false, stage: 'home', activity: '', progress: null, error: null, folder: downloaded.folder })
  }

  #told = 0
  #hear(activeRun: ActiveRun, event: CloudEvent): void {
    if (event.type === 'log') {
      activeRun.view = applyEvent(activeRun.view, event)
      activeRun.lines.push(event.line)
      if (activeRun.lines.length > maxLines) activeRun.lines.splice(0, activeRun.lines.length - maxLines)
      this.#needs.onLines(activeRun.view.runId, [event.line])
      return
    }
    activeRun.view = applyEvent(activeRun.view, event)
    const isProgress = event.type === 'upload' || event.type === 'download'
    if (isProgress && Date.now() - this.#told < progressIntervalMs) return
    this.#told = Date.now()
    this.#needs.onRun(activeRun.view)
  }

  #show(activeRun: ActiveRun, change: Partial<CloudRunView>): void {
    activeRun.view = { ...activeRun.view, ...change }
    this.#needs.onRun(activeRun.view)
  }

  #finish(activeRun: ActiveRun, change: Partial<CloudRunView>): void {
    this.#show(activeRun, change)
    this.#needs.onEnd(activeRun.view)
  }
}
