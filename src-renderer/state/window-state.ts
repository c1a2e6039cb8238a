// State of the window: current view, open run, running analysis, filter, selection, settings and notices.
import { create } from 'zustand'
import type { ConfigReading } from '../../src-shared/config/pipeline-config.ts'
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'
import { noFilter, type FleetFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { AnalysisSource, RecentRun } from '../../src-shared/ipc/ipc-contract.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import type { GridLayout } from '../../src-shared/config/grid-layout.ts'
import { defaultSettings, type Settings, type SettingsChange } from '../../src-shared/config/settings.ts'
import { request } from '../ipc/bridge.ts'

export interface RunningAnalysis {
  readonly analysisId: string
  readonly name: string
  /** What is analysed, to start it again. */
  readonly source: AnalysisSource
  /** Servers table found next to the forecasts. */
  readonly serversTable: string | null
  readonly eventsTable: string | null
  /** Label of the current step, and the progress of the whole, 0 to 1. */
  readonly step: string
  readonly progress: number
  readonly startedAtMs: number
  readonly warnings: readonly RunWarning[]
  readonly isCancelling: boolean
}

/** An error while opening or analysing the subject. */
export interface Failure {
  readonly subject: string
  readonly error: WireError
}

export interface WindowState {
  /** Id in the table of views; `progress` shows the running analysis. */
  readonly view: string
  readonly settings: Settings
  readonly recentRuns: readonly RecentRun[]
  /** Name of the file, folder or sample being opened. */
  readonly opening: string | null
  readonly failure: Failure | null
  /** One sentence for the status bar, such as "Saved a.csv.". */
  readonly notice: string | null
  readonly analysis: RunningAnalysis | null
  readonly run: RunOverview | null
  /** Folder of runs that was opened as one; the open run lies in it. */
  readonly history: string | null
  /** Metric that every view shows. */
  readonly metric: string
  /** Which servers every view shows. */
  readonly filter: FleetFilter
  readonly selectedServer: string | null
  /** The open dialog. */
  readonly overlay: 'palette' | 'shortcuts' | 'import' | null
}

export const useWindowState = create<WindowState>(() => ({
  view: 'start',
  settings: defaultSettings,
  recentRuns: [],
  opening: null,
  failure: null,
  notice: null,
  analysis: null,
  run: null,
  history: null,
  metric: '',
  filter: noFilter,
  selectedServer: null,
  overlay: null,
}))

/** Ends when the change is saved; `settings.changed` brings it earlier. Rejects invalid analysis settings. */
export const changeSettings = async (change: SettingsChange): Promise<void> => {
  await request('settings.set', change)
}

/** Column layouts that are not written yet: an earlier change must not replace them. */
export const unsavedGrids = new Map<string, GridLayout>()

export const applySettings = (settings: Settings): void => {
  const grids = { ...settings.layout.grids, ...Object.fromEntries(unsavedGrids) }
  useWindowState.setState({ settings: { ...settings, layout: { ...settings.layout, grids } } })
}

/** null when the dialog is dismissed. */
export const importConfig = (): Promise<ConfigReading | null> => request('config.import', {})

export const notify = (notice: string): void => useWindowState.setState({ notice })

/** Shows the message of an action, or its error. */
export const notifyResult = async (action: () => Promise<string | null>): Promise<void> => {
  try {
    const notice = await action()
    if (notice !== null) notify(notice)
  } catch (thrown) {
    const { message, next } = toWireError(thrown)
    notify(next === undefined ? message : `${message} ${next}`)
  }
}
