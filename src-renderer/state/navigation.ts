// Navigation: views with their filter and selection, back and forward; undo and redo of the filter.
import { create } from 'zustand'
import { maxPickedServers, noFilter, type FleetFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { ServersInsideRequest } from '../../src-shared/ipc/run-view.ts'
import { request } from '../ipc/bridge.ts'
import { formatting } from '../theme/formatting.ts'
import { useHeatmapState } from './heatmap-state.ts'
import { notifyResult, type WindowState, useWindowState } from './window-state.ts'

export type HistoryEntry = Pick<WindowState, 'view' | 'metric' | 'filter' | 'selectedServer'>

interface NavigationState {
  readonly back: readonly HistoryEntry[]
  readonly forward: readonly HistoryEntry[]
  readonly undo: readonly FleetFilter[]
  readonly redo: readonly FleetFilter[]
}

const initialState: NavigationState = { back: [], forward: [], undo: [], redo: [] }
const maxEntries = 100
/** Letters typed within this time count as one change of the filter. */
const typingMs = 1200

export const useNavigation = create<NavigationState>(() => initialState)

const { getState, setState } = useWindowState

const currentEntry = (): HistoryEntry => {
  const { view, metric, filter, selectedServer } = getState()
  return { view, metric, filter, selectedServer }
}

const showEntry = (entry: HistoryEntry): void => {
  if (entry.filter !== getState().filter) useHeatmapState.setState({ rows: null })
  setState(entry)
}

/** Shows a view with the given changes of metric, filter and selection; the previous state goes to the history. */
export const navigateTo = (view: string, change: Partial<Omit<HistoryEntry, 'view'>> = {}): void => {
  const from = currentEntry()
  const to: HistoryEntry = { ...from, ...change, view }
  if (from.view === to.view && from.filter === to.filter && from.metric === to.metric && from.selectedServer === to.selectedServer) return
  const { back } = useNavigation.getState()
  useNavigation.setState({ back: [...back, from].slice(-maxEntries), forward: [] })
  if (to.filter !== from.filter) rememberFilter(from.filter)
  showEntry(to)
}

export const goBack = (): void => {
  const { back, forward } = useNavigation.getState()
  const last = back.at(-1)
  if (last === undefined) return
  useNavigation.setState({ back: back.slice(0, -1), forward: [currentEntry(), ...forward].slice(0, maxEntries) })
  showEntry(last)
}

export const goForward = (): void => {
  const { back, forward } = useNavigation.getState()
  const [next, ...rest] = forward
  if (next === undefined) return
  useNavigation.setState({ back: [...back, currentEntry()].slice(-maxEntries), forward: rest })
  showEntry(next)
}

const rememberFilter = (filter: FleetFilter): void => {
  const { undo } = useNavigation.getState()
  useNavigation.setState({ undo: [...undo, filter].slice(-maxEntries), redo: [] })
}

let lastTypedMs = 0

export const changeFilter = (change: Partial<FleetFilter>): void => {
  const { filter } = getState()
  const isTyping = Object.keys(change).join() === 'text'
  const continuesTyping = isTyping && performance.now() - lastTypedMs < typingMs
  lastTypedMs = isTyping ? performance.now() : 0
  if (!continuesTyping) rememberFilter(filter)
  useHeatmapState.setState({ rows: null })
  setState({ filter: { ...filter, ...change } })
}

/** Filters to the servers inside an area of the scatter chart; too many servers are reported in the status bar. */
export const filterByArea = (params: ServersInsideRequest): Promise<void> =>
  notifyResult(async () => {
    const { total, servers } = await request('clusters.select', params)
    if (servers.length > 0) changeFilter({ servers: [...servers] })
    if (total <= maxPickedServers) return null
    return `The area holds ${formatting.count(total)} servers; the limit is ${formatting.count(maxPickedServers)}. Draw a smaller area or filter by cluster.`
  })

export const clearFilter = (): void => changeFilter(noFilter)

export const undoFilter = (): void => {
  const { undo, redo } = useNavigation.getState()
  const last = undo.at(-1)
  if (last === undefined) return
  const { filter } = getState()
  useNavigation.setState({ undo: undo.slice(0, -1), redo: [filter, ...redo] })
  lastTypedMs = 0
  showEntry({ ...currentEntry(), filter: last })
}

export const redoFilter = (): void => {
  const { undo, redo } = useNavigation.getState()
  const [next, ...rest] = redo
  if (next === undefined) return
  const { filter } = getState()
  useNavigation.setState({ undo: [...undo, filter], redo: rest })
  showEntry({ ...currentEntry(), filter: next })
}

/** Selects a server in every view; null clears the selection. */
export const selectServer = (serverId: string | null): void => setState({ selectedServer: serverId })

/** Opens the server's page. */
export const openServer = (serverId: string): void => navigateTo('server', { selectedServer: serverId })

/** Clears the history when another run opens. */
export const resetNavigation = (): void => useNavigation.setState(initialState)
