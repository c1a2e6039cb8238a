// State and actions of Start's panels for live sources: form, what the source holds, the collect under way. Secrets stay in memory.
import { create } from 'zustand'
import type { LiveSource } from '../../src-shared/ipc/sources-contract.ts'
import type { SourceSurvey } from '../../src-shared/sources/source-requests.ts'
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'
import { request } from '../ipc/bridge.ts'
import { listenToCloud } from './cloud-state.ts'
import { analyseCollected } from './open-path.ts'

export type SourceKind = LiveSource['kind']

/** The fields as they are typed; "" for an empty one. */
export interface SourceForm {
  readonly url: string
  readonly token: string
  readonly user: string
  readonly password: string
  readonly metric: string
  readonly query: string
  readonly label: string
  /** "": the environment or the default profile. */
  readonly profile: string
  /** Separated by commas; "": that of the profile. */
  readonly regions: string
  /** Label or tag of the business unit. */
  readonly businessUnit: string
  readonly days: number
  /** Last day as YYYY-MM-DD; "": today. */
  readonly until: string
  readonly costLimitUsd: number
}

export const emptySourceForm: SourceForm = {
  url: '',
  token: '',
  user: '',
  password: '',
  metric: 'cpu_p95',
  query: '',
  label: '',
  profile: '',
  regions: '',
  businessUnit: '',
  days: 90,
  until: '',
  costLimitUsd: 5,
}

interface SourceState {
  /** Null: no panel is open. */
  readonly kind: SourceKind | null
  readonly form: SourceForm
  readonly profiles: readonly string[]
  readonly phase: 'idle' | 'surveying' | 'collecting'
  readonly survey: SourceSurvey | null
  readonly error: WireError | null
  readonly step: string
  /** Completed share, 0..1. */
  readonly share: number
  /** Why it takes longer; "" for nothing. */
  readonly waiting: string
}

export const useSourceState = create<SourceState>(() => ({
  kind: null,
  form: emptySourceForm,
  profiles: [],
  phase: 'idle',
  survey: null,
  error: null,
  step: '',
  share: 0,
  waiting: '',
}))

const { getState: get, setState: set } = useSourceState
const idle = { phase: 'idle', step: '', share: 0, waiting: '' } as const

export const openSourcePanel = async (kind: SourceKind): Promise<void> => {
  set({ kind, survey: null, error: null, ...idle })
  if (kind !== 'cloudwatch') return
  try {
    // An MFA code may be asked for.
    listenToCloud()
    set({ profiles: (await request('cloud.start', {})).profiles })
  } catch (thrown) {
    set({ error: toWireError(thrown) })
  }
}

/** The form stays, without its secrets. */
export const closeSourcePanel = (): void => {
  void cancelSource()
  set(({ form }) => ({ kind: null, survey: null, error: null, ...idle, form: { ...form, token: '', password: '' } }))
}

/** What was found belongs to the form as it was. */
export const changeSourceForm = (change: Partial<SourceForm>): void =>
  set(({ form }) => ({ form: { ...form, ...change }, survey: null, error: null }))

export const showSourceProgress = (step: string, share: number): void => {
  const { phase, share: before } = get()
  // The check and the collect each begin at 0.
  if (phase !== 'idle') set({ step, share: Math.max(before, phase === 'collecting' ? share : 0), waiting: '' })
}

export const showSourceWaiting = (sentence: string): void => set({ waiting: sentence })

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())

const sourceOf = (kind: SourceKind, form: SourceForm): LiveSource => {
  const businessUnit = form.businessUnit.trim()
  const span = {
    days: form.days,
    // The end of the last day.
    until: form.until === '' ? null : new Date(Date.parse(form.until) + 86_400_000).toISOString().slice(0, 10),
    attributes: businessUnit === '' ? {} : { business_unit: businessUnit },
  }
  if (kind === 'prometheus') {
    const query = form.query.trim()
    return {
      kind,
      request: {
        url: form.url.trim(),
        queries: query === '' ? [] : [{ metric: form.metric.trim(), query }],
        label: orNull(form.label),
        tenant: null,
        ...span,
      },
      access: { token: orNull(form.token), user: orNull(form.user), password: form.password === '' ? null : form.password },
    }
  }
  const regions = form.regions.split(/[\s,]+/).filter((region) => region !== '')
  return {
    kind,
    request: {
      profiles: [orNull(form.profile)],
      regions,
      namespaces: ['AWS/EC2', 'CWAgent'],
      metrics: [],
      periodSeconds: 3600,
      statistic: 'p95',
      costLimitUsd: form.costLimitUsd,
      ...span,
    },
  }
}

const run = async (phase: 'surveying' | 'collecting', action: (source: LiveSource) => Promise<void>): Promise<void> => {
  const { kind, form, phase: before } = get()
  if (kind === null || before !== 'idle') return
  set({ ...idle, phase, error: null })
  try {
    await action(sourceOf(kind, form))
  } catch (thrown) {
    const error = toWireError(thrown)
    // A panel that was closed meanwhile shows nothing.
    if (get().kind === kind) set({ error: error.code === 'cancelled' && phase === 'surveying' ? null : error })
  } finally {
    if (get().kind === kind) set(idle)
  }
}

export const surveySource = (): Promise<void> =>
  run('surveying', async (source) => set({ survey: await request('source.survey', { source }) }))

/** Collects, then analyses the measurements file. */
export const collectSource = (): Promise<void> =>
  run('collecting', async (source) => {
    const { file } = await request('source.collect', { source })
    closeSourcePanel()
    await analyseCollected(file)
  })

export const cancelSource = async (): Promise<void> => {
  if (get().phase !== 'idle') await request('source.cancel', {})
}
