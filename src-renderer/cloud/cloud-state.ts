// What the cloud view knows: the draft, who it is for, what the preflight found, trips with their logs; and its errands.
import { create } from 'zustand'
import { emptyDraft, type CloudDraft, type ListedJob, type LocalKind, type TripView } from '../../src-shared/cloud-contract.ts'
import type { CloudCaller, LogLine, Preflight } from '../../src-shared/cloud-job.ts'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import { onPush, request } from '../bridge.ts'

export interface CloudState {
  readonly isLoaded: boolean
  readonly profiles: readonly string[]
  readonly draft: CloudDraft
  readonly caller: CloudCaller | null
  readonly preflight: Preflight | null
  /** What is being done at the moment, one sentence; "" for nothing. */
  readonly errand: string
  readonly error: WireError | null
  readonly trips: readonly TripView[]
  readonly selected: string | null
  /** Log of the selected trip. */
  readonly lines: readonly LogLine[]
  readonly history: readonly ListedJob[] | null
  readonly historyNote: string | null
  /** Bytes of an earlier run that have come; null when none is on its way. */
  readonly fetching: { readonly bytes: number; readonly total: number } | null
  /** MFA device whose code is asked for. */
  readonly codeDevice: string | null
  readonly shownCode: { readonly page: string; readonly code: string } | null
}

export const useCloudState = create<CloudState>(() => ({
  isLoaded: false,
  profiles: [],
  draft: emptyDraft,
  caller: null,
  preflight: null,
  errand: '',
  error: null,
  trips: [],
  selected: null,
  lines: [],
  history: null,
  historyNote: null,
  fetching: null,
  codeDevice: null,
  shownCode: null,
}))

const set = useCloudState.setState
const get = useCloudState.getState
const keptLines = 10_000

let isListening = false
const listen = (): void => {
  if (isListening) return
  isListening = true
  onPush((push) => {
    if (push.type === 'cloud.trip') set(({ trips }) => ({ trips: placeTrip(trips, push.trip) }))
    else if (push.type === 'cloud.fetching') set({ fetching: { bytes: push.bytes, total: push.total } })
    else if (push.type === 'cloud.codeAsked') set({ codeDevice: push.device })
    else if (push.type === 'cloud.codeShown') set({ shownCode: { page: push.page, code: push.code } })
    else if (push.type === 'cloud.lines' && push.runId === get().selected) {
      set(({ lines }) => ({ lines: [...lines, ...push.lines].slice(-keptLines) }))
    }
  })
}

const placeTrip = (trips: readonly TripView[], trip: TripView): TripView[] =>
  trips.some(({ runId }) => runId === trip.runId) ? trips.map((known) => (known.runId === trip.runId ? trip : known)) : [trip, ...trips]

/** Shows what is done, then what came of it; an error stays until the next errand. */
const errand = async (words: string, work: () => Promise<Partial<CloudState>>): Promise<void> => {
  set({ errand: words, error: null })
  try {
    set(await work())
  } catch (thrown) {
    set({ error: toWireError(thrown) })
  } finally {
    set({ errand: '' })
  }
}

export const loadCloud = async (): Promise<void> => {
  listen()
  await errand('Reading the AWS profiles', async () => {
    const { profiles, draft, trips } = await request('cloud.start', {})
    const { isLoaded, draft: edited } = get()
    return { profiles, trips, isLoaded: true, draft: isLoaded ? edited : draft }
  })
  const [newest] = get().trips
  if (get().selected === null && newest !== undefined) await selectTrip(newest.runId)
}

/** What was known of another connection or input no longer holds. */
export const changeDraft = (change: Partial<CloudDraft>): void =>
  set(({ draft, caller }) => ({
    draft: { ...draft, ...change },
    preflight: null,
    caller: 'profile' in change || 'region' in change ? null : caller,
  }))

const connectionOf = ({ profile, region }: CloudDraft): { profile: string | null; region: string | null } => ({ profile, region })

export const connectCloud = (allowsProcess = false): Promise<void> =>
  errand('Asking AWS who you are', async () => ({
    caller: await request('cloud.connect', { ...connectionOf(get().draft), allowsProcess }),
  }))

export const signInCloud = (): Promise<void> =>
  errand('Waiting for the sign-in in your browser', async () => {
    await request('cloud.signIn', { profile: get().draft.profile ?? 'default' })
    return { shownCode: null, caller: await request('cloud.connect', connectionOf(get().draft)) }
  })

export const giveCode = async (code: string | null): Promise<void> => {
  set({ codeDevice: null })
  await request('cloud.giveCode', { code })
}

export const importConfig = (): Promise<void> =>
  errand('Reading the configuration', async () => ({
    draft: await request('cloud.importConfig', get().draft),
    preflight: null,
    caller: null,
  }))

/** Nothing is changed when the dialog is dismissed. */
export const chooseLocal = (kind: LocalKind, onChosen: (path: string) => void): Promise<void> =>
  errand('', async () => {
    const { path } = await request('cloud.choose', { kind })
    if (path !== null) onChosen(path)
    return {}
  })

export const runPreflight = (): Promise<void> =>
  errand('Checking', async () => {
    const { draft } = get()
    await request('cloud.keepDraft', draft)
    const preflight = await request('cloud.preflight', draft)
    return { preflight, caller: preflight.caller }
  })

export const launchCloud = (): Promise<void> =>
  errand('Launching', async () => {
    const { runId } = await request('cloud.launch', get().draft)
    return { selected: runId, lines: [] }
  })

export const selectTrip = (runId: string): Promise<void> =>
  errand('', async () => {
    set({ selected: runId, lines: [] })
    return { lines: (await request('cloud.log', { runId })).lines }
  })

export const stopTrip = (runId: string): Promise<void> =>
  errand('Stopping the job', async () => {
    await request('cloud.stop', { runId })
    return {}
  })

export const continueTrip = (runId: string): Promise<void> =>
  errand('', async () => {
    await request('cloud.continue', { runId })
    return {}
  })

export const openConsole = (runId: string): Promise<void> =>
  errand('', async () => {
    await request('cloud.openConsole', { runId })
    return {}
  })

export const loadHistory = (): Promise<void> =>
  errand('Listing the jobs', async () => {
    const { jobs, note } = await request('cloud.jobs', connectionOf(get().draft))
    return { history: jobs, historyNote: note }
  })

/** `from`: s3:// prefix or name of a job; what comes home opens by itself. */
export const fetchEarlier = (from: string): Promise<void> =>
  errand('Bringing the run home', async () => {
    try {
      await request('cloud.fetch', { connection: connectionOf(get().draft), from })
    } finally {
      set({ fetching: null })
    }
    return {}
  })

export interface Found {
  readonly names: readonly string[]
  /** Why there are none, where that is known. */
  readonly note?: string | null
}

/** `bucket` "": the buckets themselves. */
export const browse = (bucket: string, prefix: string): Promise<Found> =>
  request('cloud.browse', { connection: connectionOf(get().draft), bucket, prefix })

export const browseRoles = async (): Promise<Found> => {
  const { roles, note } = await request('cloud.roles', connectionOf(get().draft))
  return { names: roles, note }
}
