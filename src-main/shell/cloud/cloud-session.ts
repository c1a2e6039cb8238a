// The cloud while the window is open: connections, launch form, cloud runs. It imports no Electron; its dependencies are passed in.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaunchForm, LocalKind } from '../../../src-shared/ipc/cloud-contract.ts'
import type { CloudCaller } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ChannelRequest, ChannelServedBy, Handlers, Push } from '../../../src-shared/ipc/ipc-contract.ts'
import { connect, identifyCaller, type Connection } from '../../cloud/account/connection.ts'
import { toCloudError } from '../../cloud/account/cloud-error.ts'
import { fetchPrices, savePrices } from '../../cloud/account/price-list.ts'
import { defaultMaxJobs, listJobs } from '../../cloud/jobs/list-jobs.ts'
import { preflight } from '../../cloud/preflight/preflight.ts'
import { listProfiles } from '../../cloud/account/shared-config.ts'
import type { EnginePort } from '../../cloud/launch/launch-run.ts'
import { stripJobPrefix } from '../../cloud/launch/run-names.ts'
import { cloudFolders } from '../../cloud/launch/launch-records.ts'
import { signIn } from '../../cloud/account/sign-in.ts'
import { listSsoRoles } from '../../cloud/account/sso-accounts.ts'
import { buildLaunchRequest, fillFromConfig, launchFormPath, readLaunchForm, saveLaunchForm } from './launch-form.ts'
import type { DataFolder } from '../settings/data-folder.ts'
import { SourceCollects, type SourceCollectsDeps } from '../sources/source-collects.ts'
import { createProgressFilter } from './cloud-run-view.ts'
import { CloudRuns } from './cloud-runs.ts'
import { browseBucket } from '../../cloud/storage/list-objects.ts'
import { downloadEarlierRun } from '../../cloud/download/download-run.ts'
import { listExecutionRoles } from '../../cloud/preflight/check-role.ts'

export interface CloudSessionDeps {
  readonly data: DataFolder
  readonly push: (push: Push) => void
  readonly notify: (title: string, body: string) => void
  readonly openPage: (url: string) => Promise<void>
  /** System dialog; null when dismissed. */
  readonly choosePath: (kind: LocalKind | 'config') => Promise<string | null>
  readonly openRun: (folder: string) => void
  readonly engine: EnginePort
  readonly assemble: SourceCollectsDeps['assemble']
}

/** `runs/cloud-NAME`, with a number where that is taken. An interrupted download finds its parts there again. */
const findFreeFolder = async (runs: string, from: string): Promise<string> => {
  const name = stripJobPrefix(from.replace(/\/+$/, '').split('/').at(-1)!)
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

export class CloudSession {
  readonly #deps: CloudSessionDeps
  readonly #formPath: string
  /** Folder of the plans of Spark jobs. */
  readonly #planRoot: string
  readonly #priceFolder: string
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #allowed = new Set<string>()
  readonly #runs: CloudRuns
  readonly #sources: SourceCollects
  readonly #resumed: Promise<void>
  #submitCode: ((code: string | null) => void) | undefined

  constructor(deps: CloudSessionDeps) {
    this.#deps = deps
    this.#formPath = launchFormPath(deps.data.cloud)
    const { plans, prices } = cloudFolders(deps.data.cloud)
    this.#planRoot = plans
    this.#priceFolder = prices
    const poll = process.env['HEADROOM_POLL_MS'] ?? ''
    this.#runs = new CloudRuns({
      folder: deps.data.cloud,
      runs: deps.data.runs,
      connect: (profile, region) => this.#connect({ profile, region }),
      engine: deps.engine,
      onRun: (run) => deps.push({ type: 'cloud.run', run }),
      onLines: (runId, lines) => deps.push({ type: 'cloud.lines', runId, lines }),
      onEnd: ({ error, jobName, folder }) => {
        if (error === null) deps.notify('Cloud run downloaded', `${jobName} is verified and open.`)
        else deps.notify('Cloud run failed', error.message)
        if (folder !== null && error === null) deps.openRun(folder)
      },
      pollMs: poll === '' ? undefined : Number(poll),
    })
    this.#sources = new SourceCollects({
      folder: deps.data.measurements,
      push: deps.push,
      connect: (profile, region) => this.#connect({ profile, region }),
      assemble: deps.assemble,
    })
    this.#resumed = this.#runs.resume()
  }

  readonly handlers: Handlers<ChannelServedBy<'cloud'>> = {
    'source.survey': (request) => this.#sources.handlers['source.survey'](request),
    'source.collect': (request) => this.#sources.handlers['source.collect'](request),
    'source.cancel': (request) => this.#sources.handlers['source.cancel'](request),
    'cloud.start': async () => {
      await this.#resumed
      return { profiles: await listProfiles(), form: await readLaunchForm(this.#formPath), runs: this.#runs.list() }
    },
    'cloud.connect': (request) => this.#identify(request),
    'cloud.sign-in': async ({ profile }) => {
      const { openPage, push } = this.#deps
      await signIn(profile, { openPage, showCode: (page, code) => push({ type: 'cloud.sign-in-code', page, code }) })
      this.#forgetConnections()
      return {}
    },
    'cloud.accounts': async ({ profile }) => ({ roles: await listSsoRoles(profile) }),
    'cloud.submit-code': async ({ code }) => {
      this.#submitCode?.(code)
      return {}
    },
    'cloud.save-form': async (form) => {
      await saveLaunchForm(this.#formPath, form)
      return {}
    },
    'cloud.import-config': async (form) => {
      const file = await this.#deps.choosePath('config')
      return file === null ? form : fillFromConfig(form, file)
    },
    'cloud.choose-path': async ({ kind }) => ({ path: await this.#deps.choosePath(kind) }),
    'cloud.browse': async ({ connection, bucket, prefix }) => browseBucket(await this.#connect(connection), bucket, prefix),
    'cloud.roles': async (request) => {
      const { roles, accessError } = await listExecutionRoles(await this.#connect(request))
      return { roles: [...roles], note: accessError === undefined ? null : errorText(accessError) }
    },
    'cloud.update-prices': async (request) => {
      const connection = await this.#connect(request)
      const prices = await fetchPrices(await connection.pricing(), connection.region, undefined).catch((thrown: unknown) => {
        throw toCloudError(thrown, { region: connection.region })
      })
      await savePrices(this.#priceFolder, prices)
      this.#forgetConnections()
      return { region: prices.region, asOf: prices.asOf, types: Object.keys(prices.usdPerHour).length }
    },
    'cloud.preflight': async (form) => preflight(await this.#connect(form), await buildLaunchRequest(form, this.#planRoot)),
    'cloud.launch': (form) => this.#launch(form),
    'cloud.log': async ({ runId }) => ({ lines: await this.#runs.lines(runId) }),
    'cloud.stop': async ({ runId }) => {
      await this.#runs.stop(runId)
      return {}
    },
    'cloud.resume': async ({ runId }) => {
      this.#forgetConnections()
      await this.#runs.resumeRun(runId)
      return {}
    },
    'cloud.open-console': async ({ runId }) => {
      await this.#deps.openPage(await this.#runs.consoleUrl(runId))
      return {}
    },
    'cloud.download': async ({ connection, from }) => {
      const { data, push, openRun } = this.#deps
      const isDue = createProgressFilter()
      const { folder, verified, refused } = await downloadEarlierRun(
        {
          connection: await this.#connect(connection),
          launchRecords: this.#runs.launchRecords,
          from,
          folder: await findFreeFolder(data.runs, from),
        },
        {
          onEvent: (event) => {
            if (event.type === 'download' && isDue(event)) push({ type: 'cloud.downloading', bytes: event.bytes, total: event.total })
          },
        },
      )
      openRun(folder)
      return { folder, verified, refused: refused.length }
    },
    'cloud.jobs': async (request) => {
      const { jobs, accessError, hasMore } = await listJobs(await this.#connect(request), this.#runs.launchRecords, { nameContains: '' })
      const moreJobs = hasMore ? `These are the newest ${defaultMaxJobs} jobs; the account has more.` : null
      return { jobs: [...jobs], note: accessError === undefined ? moreJobs : errorText(accessError) }
    },
  }

  stopFollowing(): Promise<void> {
    return this.#runs.stopFollowing()
  }

  async #launch(form: LaunchForm): Promise<{ runId: string }> {
    const request = await buildLaunchRequest(form, this.#planRoot)
    await saveLaunchForm(this.#formPath, form)
    await this.#runs.launch(request, form.profile, form.region)
    return { runId: request.runId }
  }

  async #identify(request: ChannelRequest<'cloud.connect'>): Promise<CloudCaller> {
    if (request.allowsProcess === true) this.#allowed.add(request.profile ?? '')
    this.#forgetConnections()
    return identifyCaller(await this.#connect(request))
  }

  /** One connection per profile and region, so that users sign in once. A failed connection is opened again. */
  #connect({ profile, region }: { readonly profile: string | null; readonly region: string | null }): Promise<Connection> {
    const key = JSON.stringify([profile, region])
    const existing = this.#connections.get(key)
    if (existing !== undefined) return existing
    const opened = connect({
      profile: profile ?? undefined,
      region: region ?? undefined,
      allowsProcess: this.#allowed.has(profile ?? ''),
      askMfaCode: (device) => this.#requestCode(device),
      onSilence: (host) => this.#deps.push({ type: 'cloud.silent', host }),
      priceFolder: this.#priceFolder,
    })
    this.#connections.set(key, opened)
    opened.catch(() => this.#connections.delete(key))
    return opened
  }

  /** The next request connects again; active cloud runs keep their connections. */
  #forgetConnections(): void {
    this.#connections.clear()
  }

  async #requestCode(device: string): Promise<string> {
    const code = await new Promise<string | null>((resolve) => {
      this.#submitCode = resolve
      this.#deps.push({ type: 'cloud.code-requested', device })
    })
    this.#submitCode = undefined
    if (code === null)
      throw new HeadroomError('cloud-sign-in', `No MFA code was entered for ${device}.`, { next: 'Verify the credentials again.' })
    return code
  }
}
