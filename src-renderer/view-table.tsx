// The table of views, in the order of the sidebar; each view is one line.
import {
  ArrowLeftRight,
  CalendarClock,
  CalendarRange,
  ChartScatter,
  ClipboardList,
  Cloud,
  DatabaseZap,
  Gauge,
  Grid3x3,
  HardDrive,
  History,
  House,
  LayoutDashboard,
  List,
  Scale,
  Server,
  Settings2,
  SlidersHorizontal,
} from 'lucide-react'
import { useEffect, useState, type ComponentType } from 'react'
import type { ViewEntry } from './views/view-entry.ts'

/**
 * A view that is loaded when it is first shown: all together would delay the start of the window. Not React's lazy, which holds a view that has
 * arrived back for 300 ms once it has shown that it waits.
 */
const later = <Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> => {
  let loaded: ComponentType<Props> | null = null
  return (props) => {
    const [View, setView] = useState(() => loaded)
    useEffect(() => {
      const show = async (): Promise<void> => {
        loaded ??= await load()
        setView(() => loaded)
      }
      if (View === null) void show()
    }, [View])
    return View === null ? <p className="chart-wait">Loading …</p> : <View {...props} />
  }
}

const loadOverview = async () => (await import('./views/overview/overview-view.tsx')).OverviewView
const loadHeatmap = async () => (await import('./views/heatmap/heatmap-view.tsx')).HeatmapView

/** The views that runs open with, loaded while a run is read. */
export const loadOpeningViews = async (): Promise<void> => {
  await Promise.all([loadOverview(), loadHeatmap()])
}

const withDrawer = { needsRun: true, hasFilter: true, hasDrawer: true } as const
const withFilter = { needsRun: true, hasFilter: true, hasDrawer: false } as const
const withoutFilter = { needsRun: true, hasFilter: false, hasDrawer: false } as const

export const views: readonly ViewEntry[] = [
  {
    group: 'Begin',
    id: 'start',
    title: 'Start',
    icon: House,
    shortcut: 'G S',
    needsRun: false,
    component: later(async () => (await import('./views/start/start-view.tsx')).StartView),
  },
  {
    group: 'Fleet',
    id: 'overview',
    title: 'Overview',
    icon: LayoutDashboard,
    shortcut: 'G O',
    ...withFilter,
    component: later(loadOverview),
  },
  {
    group: 'Fleet',
    id: 'heatmap',
    title: 'Risk heatmap',
    icon: Grid3x3,
    shortcut: 'G R',
    ...withDrawer,
    component: later(loadHeatmap),
  },
  {
    group: 'Fleet',
    id: 'servers',
    title: 'Servers',
    icon: List,
    shortcut: 'G L',
    ...withDrawer,
    component: later(async () => (await import('./views/servers/servers-view.tsx')).ServersView),
  },
  {
    group: 'Fleet',
    id: 'server',
    title: 'Server',
    icon: Server,
    shortcut: 'G D',
    ...withoutFilter,
    component: later(async () => (await import('./views/server/server-view.tsx')).ServerView),
  },
  {
    group: 'Explain',
    id: 'clusters',
    title: 'Clusters',
    icon: ChartScatter,
    shortcut: 'G C',
    ...withDrawer,
    component: later(async () => (await import('./views/clusters/clusters-view.tsx')).ClustersView),
  },
  {
    group: 'Explain',
    id: 'seasons',
    title: 'Seasons',
    icon: CalendarRange,
    shortcut: 'G N',
    ...withFilter,
    component: later(async () => (await import('./views/seasons/seasons-view.tsx')).SeasonsView),
  },
  {
    group: 'Explain',
    id: 'models',
    title: 'Models',
    icon: Gauge,
    shortcut: 'G M',
    ...withoutFilter,
    component: later(async () => (await import('./views/models/models-view.tsx')).ModelsView),
  },
  {
    group: 'Explain',
    id: 'events',
    title: 'Events',
    icon: CalendarClock,
    shortcut: 'G V',
    ...withoutFilter,
    component: later(async () => (await import('./views/events/events-view.tsx')).EventsView),
  },
  {
    group: 'Act',
    id: 'recommendations',
    title: 'Recommendations',
    icon: ClipboardList,
    shortcut: 'G A',
    ...withFilter,
    component: later(async () => (await import('./views/recommendations/recommendations-view.tsx')).RecommendationsView),
  },
  {
    group: 'Act',
    id: 'capacity',
    title: 'Capacity',
    icon: HardDrive,
    shortcut: 'G Y',
    ...withoutFilter,
    component: later(async () => (await import('./views/capacity/capacity-view.tsx')).CapacityView),
  },
  {
    group: 'Act',
    id: 'what-if',
    title: 'What if',
    icon: SlidersHorizontal,
    shortcut: 'G W',
    ...withoutFilter,
    component: later(async () => (await import('./views/what-if/what-if-view.tsx')).WhatIfView),
  },
  {
    group: 'Check',
    id: 'history',
    title: 'History',
    icon: History,
    shortcut: 'G H',
    ...withoutFilter,
    component: later(async () => (await import('./views/history/history-view.tsx')).HistoryView),
  },
  {
    group: 'Check',
    id: 'compare',
    title: 'Compare',
    icon: ArrowLeftRight,
    shortcut: 'G P',
    ...withoutFilter,
    component: later(async () => (await import('./views/compare/compare-view.tsx')).CompareView),
  },
  {
    group: 'Check',
    id: 'reconcile',
    title: 'Reconcile',
    icon: Scale,
    shortcut: 'G K',
    ...withoutFilter,
    component: later(async () => (await import('./views/reconcile/reconcile-view.tsx')).ReconcileView),
  },
  {
    group: 'Check',
    id: 'query',
    title: 'Query',
    icon: DatabaseZap,
    shortcut: 'G Q',
    ...withoutFilter,
    component: later(async () => (await import('./views/query/query-view.tsx')).QueryView),
  },
  {
    group: 'Set up',
    id: 'cloud',
    title: 'Cloud',
    icon: Cloud,
    shortcut: 'G U',
    needsRun: false,
    component: later(async () => (await import('./cloud/cloud-view.tsx')).CloudView),
  },
  {
    group: 'Set up',
    id: 'settings',
    title: 'Settings',
    icon: Settings2,
    shortcut: 'Ctrl+,',
    needsRun: false,
    component: later(async () => (await import('./views/settings/settings-view.tsx')).SettingsView),
  },
]
