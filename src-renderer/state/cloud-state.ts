// State and actions of the cloud view: launch form, credentials, preflight, cloud runs with their logs.
import { create } from 'zustand'
import {
  emptyLaunchForm,
  type CloudRunView,
  type LaunchForm,
  type ListedJob,
  type LocalKind,
  type SsoAccountRole,
} from '../../src-shared/ipc/cloud-contract.ts'
import type { CloudCaller, LogLine, Preflight } from '../../src-shared/cloud/cloud-job.ts'
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'
import { onPush, request } from '../ipc/bridge.ts'

export interface CloudState {
  readonly isLoaded: boolean
  readonly profiles: readonly string[]
  readonly form: LaunchForm
  readonly caller: CloudCaller | null
  readonly preflight: Preflight | null
  /** Label of the pending action; "" for none. */
  readonly pendingAction: string
  /** Host that does not answer; "" for none. */
  readonly silentHost: string
  readonly error: WireError | null
  readonly cloudRuns: readonly CloudRunView[]
  readonly selectedRunId: string | null
  /** Log of the selected cloud run. */
  readonly lines: readonly LogLine[]
  readonly history: readonly ListedJob[] | null
  readonly historyNote: string | null
  /** Progress of a download from the job history; null for none. */
  readonly downloadProgress: { readonly bytes: number; readonly total: number } | null
  /** MFA device whose code is requested. */
  readonly mfaDevice: string | null
  /** Which prices were read; "" for none. */
  readonly priceNote: string
  /** Of the sign-in that was browsed last. */
  readonly ssoRoles: readonly SsoAccountRole[]
  readonly signInCode: { readonly page: string; readonly code: string } | null
}

export const useCloudState = create<CloudState>(() => ({
  isLoaded: false,
  profiles: [],
  form: emptyLaunchForm,
  caller: null,
  preflight: null,
  pendingAction: '',
  silentHost: '',
  error: null,
  cloudRuns: [],
  selectedRunId: null,
  lines: [],
  history: null,
  historyNote: null,
  downloadProgress: null,
  mfaDevice: null,
  priceNote: '',
  ssoRoles: [],
  signInCode: null,
}))

const set = useCloudState.setState
const get = useCloudState.getState
const maxLogLines = 10_000

let isListening = false
/** Call it before a request that may ask for a code. */
export const listenToCloud = (): void => {
  if (isListening) return
  isListening = true
  onPush((push) => {
    if (push.type === 'cloud.run') set(({ cloudRuns }) => ({ silentHost: '', cloudRuns: upsertRun(cloudRuns, push.run) }))
    else if (push.type === 'cloud.silent') set({ silentHost: push.host })
    else if (push.type === 'cloud.downloading') set({ downloadProgress: { bytes: push.bytes, total: push.total } })
    else if (push.type === 'cloud.code-requested') set({ mfaDevice: push.device })
    else if (push.type === 'cloud.sign-in-code') set({ signInCode: { page: push.page, code: push.code } })
    else if (push.type === 'cloud.lines' && push.runId === get().selectedRunId) {
      set(({ lines }) => ({ lines: [...lines, ...push.lines].slice(-maxLogLines) }))
    }
  })
}

const upsertRun = (cloudRuns: readonly CloudRunView[], cloudRun: CloudRunView): CloudRunView[] =>
  cloudRuns.some(({ runId }) => runId === cloudRun.runId)
    ? cloudRuns.map((existing) => (existing.runId === cloudRun.runId ? cloudRun : existing))
    : [cloudRun, ...cloudRuns]

/** Shows the label while the action runs, then its result; an error stays until the next action. */
const runAction = async (label: string, action: () => Promise<Partial<CloudState>>): Promise<void> => {
  set({ pendingAction: label, error: null })
  try {
    set(await action())
  } catch (thrown) {
    set({ error: toWireError(thrown) })
  } finally {
    set({ pendingAction: '', silentHost: '' })
  }
}

export const loadCloud = async (): Promise<void> => {
  listenToCloud()
  await runAction('Reading AWS profiles', async () => {
    const { profiles, form, runs: cloudRuns } = await request('cloud.start', {})
    const { isLoaded, form: editedForm } = get()
    return { profiles, cloudRuns, isLoaded: true, form: isLoaded ? editedForm : form }
  })
  const [latestRun] = get().cloudRuns
  if (get().selectedRunId === null && latestRun !== undefined) await selectRun(latestRun.runId)
}

/** A changed form invalidates the preflight, and a changed connection the caller. */
export const updateForm = (change: Partial<LaunchForm>): void =>
  set(({ form, caller }) => ({
    form: { ...form, ...change },
    preflight: null,
    caller: 'profile' in change || 'region' in change ? null : caller,
  }))

const connectionOf = ({ profile, region }: LaunchForm): { profile: string | null; region: string | null } => ({ profile, region })

export const connectAccount = (allowsProcess = false): Promise<void> =>
  runAction('Verifying AWS credentials', async () => ({
    caller: await request('cloud.connect', { ...connectionOf(get().form), allowsProcess }),
  }))

export const signIn = (): Promise<void> =>
  runAction('Waiting for browser sign-in', async () => {
    await request('cloud.sign-in', { profile: get().form.profile ?? 'default' })
    return { signInCode: null, caller: await request('cloud.connect', connectionOf(get().form)) }
  })

export const submitMfaCode = async (code: string | null): Promise<void> => {
  set({ mfaDevice: null })
  await request('cloud.submit-code', { code })
}

export const importConfig = (): Promise<void> =>
  runAction('Reading the configuration', async () => ({
    form: await request('cloud.import-config', get().form),
    preflight: null,
    caller: null,
  }))

/** A dismissed dialog changes nothing. */
export const chooseLocalPath = (kind: LocalKind, onChosen: (path: string) => void): Promise<void> =>
  runAction('', async () => {
    const { path } = await request('cloud.choose-path', { kind })
    if (path !== null) onChosen(path)
    return {}
  })

/** The user allows AWS's price list to be read. */
export const updatePrices = (): Promise<void> =>
  runAction('Reading prices from AWS', async () => {
    const { region, asOf, types } = await request('cloud.update-prices', connectionOf(get().form))
    return { preflight: null, priceNote: `Prices of ${types} instance types in ${region}: AWS price list of ${asOf}.` }
  })

export const runPreflight = (): Promise<void> =>
  runAction('Running preflight checks', async () => {
    const { form } = get()
    await request('cloud.save-form', form)
    const preflight = await request('cloud.preflight', form)
    return { preflight, caller: preflight.caller }
  })

export const launchRun = (): Promise<void> =>
  runAction('Launching', async () => {
    const { runId } = await request('cloud.launch', get().form)
    return { selectedRunId: runId, lines: [] }
  })

/** By the last checks of the form, else by the last run; null where no price is known. */
export const launchCost = ({ preflight, cloudRuns }: Pick<CloudState, 'preflight' | 'cloudRuns'>): number | null =>
  preflight?.mostUsd ?? cloudRuns[0]?.maxUsd ?? null

/** Checks and launches the form. False, and nothing launched, where a check fails or the cost is unknown or above `maxUsd`. */
export const runInCloud = async (maxUsd: number | null): Promise<boolean> => {
  await runPreflight()
  const { preflight, error } = get()
  const usd = preflight?.mostUsd ?? null
  if (error !== null || preflight?.passed !== true || usd === null || maxUsd === null || usd > maxUsd) return false
  await launchRun()
  return get().error === null
}

export const selectRun = (runId: string): Promise<void> =>
  runAction('', async () => {
    set({ selectedRunId: runId, lines: [] })
    return { lines: (await request('cloud.log', { runId })).lines }
  })

export const stopRun = (runId: string): Promise<void> =>
  runAction('Stopping job', async () => {
    await request('cloud.stop', { runId })
    return {}
  })

export const resumeRun = (runId: string): Promise<void> =>
  runAction('', async () => {
    await request('cloud.resume', { runId })
    return {}
  })

export const openConsole = (runId: string): Promise<void> =>
  runAction('', async () => {
    await request('cloud.open-console', { runId })
    return {}
  })

export const loadHistory = (): Promise<void> =>
  runAction('Loading jobs', async () => {
    const { jobs, note } = await request('cloud.jobs', connectionOf(get().form))
    return { history: jobs, historyNote: note }
  })

/** `from`: s3:// prefix or job name. The downloaded run opens by itself. */
export const downloadRun = (from: string): Promise<void> =>
  runAction('Downloading run', async () => {
    try {
      await request('cloud.download', { connection: connectionOf(get().form), from })
    } finally {
      set({ downloadProgress: null })
    }
    return {}
  })

export interface BrowseResult {
  readonly names: readonly string[]
  /** The reason for an empty list, where known. */
  readonly note?: string | null
}

/** `bucket` "": the buckets themselves. */
export const browseBucket = (bucket: string, prefix: string): Promise<BrowseResult> =>
  request('cloud.browse', { connection: connectionOf(get().form), bucket, prefix })

export const browseRoles = async (): Promise<BrowseResult> => {
  const { roles, note } = await request('cloud.roles', connectionOf(get().form))
  return { names: roles, note }
}

const accountFolder = ({ accountName, accountId }: SsoAccountRole): string => `${accountName} ${accountId}/`

/** Accounts of the profile's sign-in, then the roles of one. */
export const browseSsoRoles = async (folder: string): Promise<BrowseResult> => {
  if (folder === '') set({ ssoRoles: (await request('cloud.accounts', { profile: get().form.profile ?? 'default' })).roles })
  const { ssoRoles } = get()
  if (folder === '') return { names: [...new Set(ssoRoles.map(accountFolder))] }
  return { names: ssoRoles.filter((role) => accountFolder(role) === folder).map(({ roleName }) => roleName) }
}

/** The account alone changes nothing. */
export const chooseSsoRole = (name: string): void => {
  const role = get().ssoRoles.find((candidate) => accountFolder(candidate) + candidate.roleName === name)
  if (role !== undefined) updateForm({ profile: role.profile })
}
