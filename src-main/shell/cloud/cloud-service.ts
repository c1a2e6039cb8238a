// The cloud for the window: connections in memory, what was filled in, trips. Knows no Electron: what it needs of it is handed in.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaunchForm, LocalKind } from '../../../src-shared/ipc/cloud-contract.ts'
import type { CloudCaller } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ChannelRequest, Push } from '../../../src-shared/ipc/ipc-contract.ts'
import { browseBucket } from '../../cloud/storage/browse-bucket.ts'
import { connect, identifyCaller, type Connection } from '../../cloud/account/connection.ts'
import { downloadEarlierRun } from '../../cloud/download/download-earlier-run.ts'
import { listJobs } from '../../cloud/jobs/list-jobs.ts'
import { listExecutionRoles } from '../../cloud/account/list-roles.ts'
import { preflight } from '../../cloud/preflight/preflight.ts'
import { listProfiles } from '../../cloud/account/shared-config.ts'
import type { EnginePort } from '../../cloud/launch/engine-port.ts'
import { signIn } from '../../cloud/account/sign-in.ts'
import { buildLaunchRequest, fillFromConfig, saveLaunchForm, readLaunchForm } from './launch-form.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import type { CloudHandlers } from './cloud-handlers.ts'
import { CloudRuns } from './cloud-runs.ts'

export interface CloudServiceDeps {
  readonly data: DataFolder
  readonly push: (push: Push) => void
  readonly notify: (title: string, body: string) => void
  readonly openPage: (url: string) => Promise<void>
  /** System dialog; null when dismissed. */
  readonly choosePath: (kind: LocalKind | 'config') => Promise<string | null>
  readonly openRun: (folder: string) => void
  readonly engine: EnginePort
}

const progressIntervalMs = 100

/** `runs/cloud-NAME`, with a number where that is taken: a download that broke off finds its parts again. */
const findFreeFolder = async (runs: string, from: string): Promise<string> => {
  const name = from
    .replace(/\/+$/, '')
    .split('/')
    .at(-1)!
    .replace(/^headroom-/, '')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 80)
  const taken = new Set(await readdir(runs).catch(() => [] as string[]))
  const names = Array.from({ length: taken.size + 1 }, (_, index) => `cloud-${name}${index === 0 ? '' : `-${index + 1}`}`)
  return join(
    runs,
    names.find((candidate) => !taken.has(candidate))!,
  )
}

const errorText = ({ message, next }: HeadroomError): string => `${message} ${next ?? ''}`.trim()

export class CloudService {
  readonly #needs: CloudServiceDeps
  readonly #draft: string
  /** Where plans of Spark jobs lie. */
  readonly #plans: string
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #allowed = new Set<string>()
  readonly #trips: CloudRuns
  readonly #resumed: Promise<void>
  #giveCode: ((code: string | null) => void) | undefined

  constructor(deps: CloudServiceDeps) {
    this.#needs = deps
    this.#draft = join(deps.data.cloud, 'draft.json')
    this.#plans = join(deps.data.cloud, 'plans')
    const poll = process.env['HEADROOM_POLL_MS'] ?? ''
    this.#trips = new CloudRuns({
      folder: deps.data.cloud,
      runs: deps.data.runs,
      connect: (profile, region) => this.#connect({ profile, region }),
      engine: deps.engine,
      onRun: (trip) => deps.push({ type: 'cloud.trip', run: trip }),
      onLines: (runId, lines) => deps.push({ type: 'cloud.lines', runId, lines }),
      onEnd: (trip) => {
        deps.notify(
          trip.error === null ? 'The cloud run is home' : 'The cloud run did not succeed',
          trip.error?.message ?? `${trip.jobName} is verified and open.`,
        )
        if (trip.folder !== null && trip.error === null) deps.openRun(trip.folder)
      },
      pollMs: poll === '' ? undefined : Number(poll),
    })
    this.#resumed = this.#trips.resume()
  }

  readonly handlers: CloudHandlers = {
    'cloud.start': async () => {
      await this.#resumed
      return { profiles: await listProfiles(), form: await readLaunchForm(this.#draft), runs: this.#trips.list() }
    },
    'cloud.connect': (request) => this.#identify(request),
    'cloud.signIn': async ({ profile }) => {
      const { openPage, push } = this.#needs
      await signIn(profile, { openPage, showCode: (page, code) => push({ type: 'cloud.codeShown', page, code }) })
      this.#forget()
      return {}
    },
    'cloud.giveCode': async ({ code }) => {
      this.#giveCode?.(code)
      return {}
    },
    'cloud.keepDraft': async (draft) => {
      await saveLaunchForm(this.#draft, draft)
      return {}
    },
    'cloud.importConfig': async (draft) => {
      const file = await this.#needs.choosePath('config')
      return file === null ? draft : fillFromConfig(draft, file)
    },
    'cloud.choose': async ({ kind }) => ({ path: await this.#needs.choosePath(kind) }),
    'cloud.browse': async ({ connection, bucket, prefix }) => browseBucket(await this.#connect(connection), bucket, prefix),
    'cloud.roles': async (request) => {
      const { roles, accessError: limited } = await listExecutionRoles(await this.#connect(request))
      return { roles: [...roles], note: limited === undefined ? null : errorText(limited) }
    },
    'cloud.preflight': async (draft) => preflight(await this.#connect(draft), await buildLaunchRequest(draft, this.#plans)),
    'cloud.launch': (draft) => this.#launch(draft),
    'cloud.log': async ({ runId }) => ({ lines: await this.#trips.lines(runId) }),
    'cloud.stop': async ({ runId }) => {
      await this.#trips.stop(runId)
      return {}
    },
    'cloud.continue': async ({ runId }) => {
      this.#forget()
      await this.#trips.continue(runId)
      return {}
    },
    'cloud.openConsole': async ({ runId }) => {
      await this.#needs.openPage(await this.#trips.consolePage(runId))
      return {}
    },
    'cloud.fetch': async ({ connection, from }) => {
      const { data, push, openRun } = this.#needs
      let lastPushAt = 0
      const { folder, verified, refused } = await downloadEarlierRun(
        {
          connection: await this.#connect(connection),
          launchRecords: this.#trips.launchRecords,
          from,
          folder: await findFreeFolder(data.runs, from),
        },
        {
          onEvent: (event) => {
            if (event.type !== 'download' || (event.bytes < event.total && Date.now() - lastPushAt < progressIntervalMs)) return
            lastPushAt = Date.now()
            push({ type: 'cloud.fetching', bytes: event.bytes, total: event.total })
          },
        },
      )
      openRun(folder)
      return { folder, verified, refused: refused.length }
    },
    'cloud.jobs': async (request) => {
      const { jobs, accessError: limited } = await listJobs(await this.#connect(request), this.#trips.launchRecords, { nameContains: '' })
      return { jobs: [...jobs], note: limited === undefined ? null : errorText(limited) }
    },
  }

  stopFollowing(): Promise<void> {
    return this.#trips.stopFollowing()
  }

  async #launch(draft: LaunchForm): Promise<{ runId: string }> {
    const request = await buildLaunchRequest(draft, this.#plans)
    await saveLaunchForm(this.#draft, draft)
    await this.#trips.launch(request, draft.profile, draft.region)
    return { runId: request.runId }
  }

  async #identify(request: ChannelRequest<'cloud.connect'>): Promise<CloudCaller> {
    if (request.allowsProcess === true) this.#allowed.add(request.profile ?? '')
    this.#forget()
    return identifyCaller(await this.#connect(request))
  }

  /** One connection per profile and region, so that nobody signs in twice; a failed one is tried anew. */
  #connect({ profile, region }: { readonly profile: string | null; readonly region: string | null }): Promise<Connection> {
    const key = JSON.stringify([profile, region])
    const existing = this.#connections.get(key)
    if (existing !== undefined) return existing
    const opened = connect({
      profile: profile ?? undefined,
      region: region ?? undefined,
      allowsProcess: this.#allowed.has(profile ?? ''),
      askMfaCode: (device) => this.#askCode(device),
    })
    this.#connections.set(key, opened)
    opened.catch(() => this.#connections.delete(key))
    return opened
  }

  /** The next request connects anew; trips under way keep theirs. */
  #forget(): void {
    this.#connections.clear()
  }

  async #askCode(device: string): Promise<string> {
    const code = await new Promise<string | null>((resolve) => {
      this.#giveCode = resolve
      this.#needs.push({ type: 'cloud.codeAsked', device })
    })
    this.#giveCode = undefined
    if (code === null) throw new HeadroomError('cloud-sign-in', `No code of ${device} was given.`, { next: 'Connect again.' })
    return code
  }
}
