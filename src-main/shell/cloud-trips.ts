// The trips of this window: launched, followed, fetched and opened; after a restart each goes on where it was.
import { join } from 'node:path'
import type { TripView } from '../../src-shared/cloud-contract.ts'
import { hasEnded, type CloudEvent, type LogLine, type Trip } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError, toWireError } from '../../src-shared/errors.ts'
import { identifyCaller, type Connection } from '../cloud/connection.ts'
import { consoleUrl } from '../cloud/describe-job.ts'
import { awaitTrip, fetchTrip, launchTrip, resumeTrip } from '../cloud/launch-trip.ts'
import { JobLog } from '../cloud/job-log.ts'
import type { EngineErrands } from '../cloud/engine-errands.ts'
import { stopJob } from '../cloud/stop-job.ts'
import { TripJournal } from '../cloud/trip-journal.ts'
import { viewOfTrip, viewWithEvent } from './trip-view.ts'

export interface TripsNeeds {
  /** Where journal files lie, and where runs come home. */
  readonly folder: string
  readonly runs: string
  readonly connect: (profile: string | null, region: string | null) => Promise<Connection>
  readonly engine: EngineErrands
  readonly onTrip: (trip: TripView) => void
  readonly onLines: (runId: string, lines: LogLine[]) => void
  /** The trip has ended, well or badly. */
  readonly onEnd: (trip: TripView) => void
  readonly pollMs?: number | undefined
}

interface Live {
  view: TripView
  readonly lines: LogLine[]
  controller: AbortController | undefined
}

const keptLines = 10_000
/** At most so often is the window told of progress. */
const tellEveryMs = 100

export class CloudTrips {
  readonly #needs: TripsNeeds
  readonly #journal: TripJournal
  readonly #live = new Map<string, Live>()
  readonly #ends = new Set<Promise<void>>()

  constructor(needs: TripsNeeds) {
    this.#needs = needs
    this.#journal = new TripJournal(join(needs.folder, 'trips'))
  }

  get journal(): TripJournal {
    return this.#journal
  }

  /** Goes on with what an earlier start left unfinished. */
  async resume(): Promise<void> {
    for (const trip of await this.#journal.list()) {
      const live = this.#remember(trip)
      // Failed jobs and incomplete runs are shown as they are; the user may still ask for them again.
      const isLost = trip.incomplete !== null || (trip.job !== null && hasEnded(trip.job.status) && trip.job.status !== 'Completed')
      if (trip.stage !== 'home' && !isLost) this.#run(live, trip)
    }
  }

  /** Newest first. */
  list(): TripView[] {
    return [...this.#live.values()].map(({ view }) => view).sort((a, b) => (a.runId < b.runId ? 1 : -1))
  }

  /** Of a job that ended before this start, they are asked of CloudWatch; none where it does not answer. */
  async lines(runId: string): Promise<LogLine[]> {
    const live = this.#find(runId)
    const { stage, isLive, jobName } = live.view
    if (live.lines.length === 0 && !isLive && stage !== 'planned' && stage !== 'submitting') {
      const { profile, caller } = await this.#journal.get(runId)
      const connection = await this.#needs.connect(profile, caller.region)
      const lines = await new JobLog(connection, jobName).read().catch(() => [])
      if (live.lines.length === 0) live.lines.push(...lines.slice(-keptLines))
    }
    return [...live.lines]
  }

  async launch(request: LaunchRequest, profile: string | null, region: string | null): Promise<void> {
    const connection = await this.#needs.connect(profile, region)
    const caller = await identifyCaller(connection)
    const live: Live = { view: viewOfTrip(request, caller), lines: [], controller: undefined }
    this.#live.set(request.runId, live)
    this.#begin(
      live,
      (signal) =>
        launchTrip(
          { connection, caller, journal: this.#journal, request, engine: this.#needs.engine },
          { signal, onEvent: (event) => this.#hear(live, event) },
        ),
      connection,
    )
  }

  async continue(runId: string): Promise<void> {
    const live = this.#find(runId)
    if (live.controller !== undefined) return
    this.#run(live, await this.#journal.get(runId))
  }

  async stop(runId: string): Promise<void> {
    const trip = await this.#journal.get(runId)
    await stopJob(await this.#needs.connect(trip.profile, trip.caller.region), trip.jobName)
  }

  async consolePage(runId: string): Promise<string> {
    const trip = await this.#journal.get(runId)
    return consoleUrl(trip.caller.region, trip.jobName)
  }

  /** Lets go of everything; jobs go on, and the next start follows them again. */
  async leave(): Promise<void> {
    for (const { controller } of this.#live.values()) controller?.abort()
    await Promise.all(this.#ends)
  }

  #find(runId: string): Live {
    const live = this.#live.get(runId)
    if (live === undefined) throw new HeadroomError('cloud-setup', `There is no launch ${runId}.`)
    return live
  }

  #remember(trip: Trip): Live {
    const live: Live = { view: viewOfTrip(trip.request, trip.caller, trip), lines: [], controller: undefined }
    this.#live.set(trip.runId, live)
    return live
  }

  #run(live: Live, trip: Trip): void {
    this.#begin(live, async (signal) => {
      const connection = await this.#needs.connect(trip.profile, trip.caller.region)
      return resumeTrip(connection, this.#journal, trip, { signal, onEvent: (event) => this.#hear(live, event) })
    })
  }

  /** Launches or resumes, then follows and fetches. */
  #begin(live: Live, submit: (signal: AbortSignal) => Promise<Trip>, known?: Connection): void {
    const controller = new AbortController()
    live.controller = controller
    this.#show(live, { isLive: true, error: null })
    const end = this.#travel(live, controller.signal, submit, known)
      .catch((thrown: unknown) => {
        if (!controller.signal.aborted) this.#finish(live, { isLive: false, activity: '', progress: null, error: toWireError(thrown) })
      })
      .finally(() => {
        live.controller = undefined
        this.#ends.delete(end)
      })
    this.#ends.add(end)
  }

  async #travel(
    live: Live,
    signal: AbortSignal,
    submit: (signal: AbortSignal) => Promise<Trip>,
    known: Connection | undefined,
  ): Promise<void> {
    const work = { signal, onEvent: (event: CloudEvent) => this.#hear(live, event), pollMs: this.#needs.pollMs }
    const submitted = await submit(signal)
    const connection = known ?? (await this.#needs.connect(submitted.profile, submitted.caller.region))
    const ended = await awaitTrip(connection, this.#journal, submitted, work)
    const fetched = await fetchTrip(connection, this.#journal, ended, join(this.#needs.runs, `cloud-${ended.runId}`), work)
    this.#finish(live, { isLive: false, stage: 'home', activity: '', progress: null, error: null, folder: fetched.folder })
  }

  #told = 0
  #hear(live: Live, event: CloudEvent): void {
    if (event.type === 'log') {
      live.view = viewWithEvent(live.view, event)
      live.lines.push(event.line)
      if (live.lines.length > keptLines) live.lines.splice(0, live.lines.length - keptLines)
      this.#needs.onLines(live.view.runId, [event.line])
      return
    }
    live.view = viewWithEvent(live.view, event)
    const isProgress = event.type === 'upload' || event.type === 'download'
    if (isProgress && Date.now() - this.#told < tellEveryMs) return
    this.#told = Date.now()
    this.#needs.onTrip(live.view)
  }

  #show(live: Live, change: Partial<TripView>): void {
    live.view = { ...live.view, ...change }
    this.#needs.onTrip(live.view)
  }

  #finish(live: Live, change: Partial<TripView>): void {
    this.#show(live, change)
    this.#needs.onEnd(live.view)
  }
}
