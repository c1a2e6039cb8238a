// Opens the sample fleet, forecasts to analyse, or a run folder.
import type { DeepLink } from '../../src-shared/ipc/deep-link.ts'
import { findImportChoice } from '../../src-shared/config/reading-settings.ts'
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { AnalysisSource } from '../../src-shared/ipc/ipc-contract.ts'
import { getPathForFile, request } from '../ipc/bridge.ts'
import { analysisReading, closeImportDialog, openImportDialog, saveImportChoice, useImportState } from './import-files.ts'
import { resetHeatmap } from './heatmap-state.ts'
import { resetNavigation } from './navigation.ts'
import { useWindowState, type WindowState } from './window-state.ts'

const { getState, setState } = useWindowState

export const fileNameOf = (path: string): string => /[^/\\]+(?=[/\\]*$)/.exec(path)?.[0] ?? path

/** Analyses the forecasts of a run again with its saved events. */
export const rerunAnalysis = (folder: string): Promise<void> => openWithStatus(fileNameOf(folder), () => analyse({ kind: 'rerun', folder }))

export const openSample = (): Promise<void> => openWithStatus('sample fleet', () => analyse({ kind: 'sample' }))

/** A run folder is shown, and a folder of runs as a history; anything else is forecasts, several paths together. */
const openPaths = (paths: readonly [string, ...string[]]): Promise<void> =>
  openWithStatus(fileNameOf(paths[0]), async () => {
    const inspections = await Promise.all(paths.map((path) => request('path.inspect', { path })))
    const run = inspections.find(({ kind }) => kind !== 'forecast')
    if (run === undefined) return importForecasts(paths)
    await (run.kind === 'history' ? showHistory(run.path) : showRun(run.path))
    if (paths.length > 1) setState({ notice: `Only ${fileNameOf(run.path)} was opened. Drop one run at a time.` })
  })

export const openPath = (path: string): Promise<void> => openPaths([path])

/** Analyses forecasts whose reading is known; otherwise the import dialog opens. */
const importForecasts = async (paths: readonly string[]): Promise<void> => {
  const { columns, isPlain } = await request('forecasts.columns', { paths: [...paths] })
  const choice = findImportChoice(getState().settings.importChoices, columns)
  if (choice !== undefined || isPlain) await analyse({ kind: 'forecast', paths: [...paths], settings: choice?.settings ?? {} })
  else openImportDialog(paths, {})
}

/** Analyses forecasts as the import dialog says, which closes. */
export const analyseImported = (): Promise<void> => {
  const { paths, tables } = useImportState.getState()
  const settings = analysisReading(useImportState.getState())
  return openWithStatus(fileNameOf(paths[0] ?? ''), async () => {
    await saveImportChoice()
    closeImportDialog()
    await analyse({ kind: 'forecast', paths: [...paths], settings, tables })
  })
}

/** Measurements that Headroom collected: their columns are known. */
export const analyseCollected = (path: string): Promise<void> =>
  openWithStatus(fileNameOf(path), () => analyse({ kind: 'forecast', paths: [path], settings: {} }))

/** A link opens an existing run; it never starts an analysis. */
export const openLink = (link: DeepLink): Promise<void> =>
  openWithStatus(fileNameOf(link.path), async () => {
    const inspection = await request('path.inspect', { path: link.path })
    if (inspection.kind !== 'run') {
      throw new HeadroomError('run-not-found', `${link.path} is not a run folder.`, { next: 'Use Open file or Open folder to analyse it.' })
    }
    await showRun(inspection.path, { view: link.view, filter: link.filter, selectedServer: link.server })
    const { run } = getState()
    if (run?.metrics.some(({ name }) => name === link.metric) === true && link.metric !== null) setState({ metric: link.metric })
  })

/** Several files are one dataset, such as a forecast and its backtest. */
export const openDropped = async (files: readonly File[]): Promise<void> => {
  const [path, ...others] = files.map(getPathForFile)
  if (path === undefined) return
  const remote = files.find((file) => getPathForFile(file) === '')
  if (remote !== undefined) setState({ notice: `${remote.name} is not a local file. Save it first, then drop it again.`, view: 'start' })
  else await openPaths([path, ...others])
}

export const openRunFolder = (folder: string): Promise<void> => openWithStatus(fileNameOf(folder), () => showRun(folder))

/** null when the dialog is dismissed. */
export const chooseFolder = async (): Promise<string | null> => (await request('path.choose', { kind: 'folder' })).path

/** Nothing happens when the dialog is dismissed. */
export const chooseTable = async (onChosen: (path: string) => void): Promise<void> => {
  const { path } = await request('path.choose', { kind: 'table' })
  if (path !== null) onChosen(path)
}

export const choosePath = async (kind: 'file' | 'folder'): Promise<void> => {
  const { path } = await request('path.choose', { kind })
  if (path !== null) await openPath(path)
}

/** Shows the folder in the file manager. */
export const revealFolder = async (folder: string): Promise<void> => {
  await request('run.reveal', { folder })
}

export const refreshRecentRuns = async (): Promise<void> => setState({ recentRuns: await request('recent.list', {}) })

export const removeRecentRun = async (folder: string): Promise<void> => setState({ recentRuns: await request('recent.remove', { folder }) })

/** Opens one item at a time; the start page shows a failure. */
const openWithStatus = async (subject: string, action: () => Promise<void>): Promise<void> => {
  const { opening, analysis } = getState()
  if (opening !== null) return
  if (analysis !== null) {
    setState({ notice: `Analysis of ${analysis.name} is running. Cancel it before opening ${subject}.`, view: 'progress' })
    return
  }
  setState({ opening: subject, failure: null, notice: null })
  try {
    await action()
  } catch (thrown) {
    setState({ failure: { subject, error: toWireError(thrown) }, view: 'start' })
  } finally {
    setState({ opening: null })
  }
}

const analyse = async (source: AnalysisSource): Promise<void> => {
  const result = await request('analysis.start', { source })
  if (result.state === 'present') {
    await showRun(result.folder)
    return
  }
  setState({
    view: 'progress',
    analysis: {
      analysisId: result.analysisId,
      name: result.name,
      source,
      serversTable: result.serversTable,
      eventsTable: result.eventsTable,
      step: 'Starting',
      progress: 0,
      startedAtMs: Date.now(),
      warnings: [],
      isCancelling: false,
    },
  })
}

/** Opens the latest run, and the view of all. */
const showHistory = async (folder: string): Promise<void> => {
  const { runs } = await request('history.get', { folder, fleetOf: null })
  const latest = runs.at(-1)
  if (latest !== undefined) await showRun(latest.path, { view: 'history', history: folder })
}

type OpenedState = Partial<Pick<WindowState, 'view' | 'filter' | 'selectedServer' | 'history'>>

const isInside = (path: string, folder: string): boolean =>
  path.startsWith(folder) && /^[/\\]/.test(path.slice(folder.replace(/[/\\]+$/, '').length))

const showRun = async (folder: string, viewState: OpenedState = {}): Promise<void> => {
  const run = await request('run.open', { folder })
  resetHeatmap(run)
  resetNavigation()
  const { history } = getState()
  setState({
    run,
    history: history !== null && isInside(run.folder, history) ? history : null,
    metric: run.metrics[0]?.name ?? '',
    selectedServer: null,
    filter: noFilter,
    view: 'overview',
    ...viewState,
  })
  await refreshRecentRuns()
}
