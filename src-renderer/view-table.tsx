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
import { lazy } from 'react'
import { CapacityView } from './views/capacity/capacity-view.tsx'
import { ClustersView } from './views/clusters/clusters-view.tsx'
import { CompareView } from './views/compare/compare-view.tsx'
import { EventsView } from './views/events/events-view.tsx'
import { HeatmapView } from './views/heatmap/heatmap-view.tsx'
import { HistoryView } from './views/history/history-view.tsx'
import { ModelsView } from './views/models/models-view.tsx'
import { OverviewView } from './views/overview/overview-view.tsx'
import { RecommendationsView } from './views/recommendations/recommendations-view.tsx'
import { ReconcileView } from './views/reconcile/reconcile-view.tsx'
import { SeasonsView } from './views/seasons/seasons-view.tsx'
import { ServerView } from './views/server/server-view.tsx'
import { ServersView } from './views/servers/servers-view.tsx'
import { SettingsView } from './views/settings/settings-view.tsx'
import { StartView } from './views/start/start-view.tsx'
import { WhatIfView } from './views/what-if/what-if-view.tsx'
import type { ViewEntry } from './views/view-entry.ts'

/** Loaded when first shown, because their libraries would delay the start of the window. */
const CloudView = lazy(async () => ({ default: (await import('./cloud/cloud-view.tsx')).CloudView }))
const QueryView = lazy(async () => ({ default: (await import('./views/query/query-view.tsx')).QueryView }))

const withDrawer = { needsRun: true, hasFilter: true, hasDrawer: true } as const
const withFilter = { needsRun: true, hasFilter: true, hasDrawer: false } as const
const withoutFilter = { needsRun: true, hasFilter: false, hasDrawer: false } as const

export const views: readonly ViewEntry[] = [
  { group: 'Begin', id: 'start', title: 'Start', icon: House, shortcut: 'G S', needsRun: false, component: StartView },
  { group: 'Fleet', id: 'overview', title: 'Overview', icon: LayoutDashboard, shortcut: 'G O', ...withFilter, component: OverviewView },
  { group: 'Fleet', id: 'heatmap', title: 'Risk heatmap', icon: Grid3x3, shortcut: 'G R', ...withDrawer, component: HeatmapView },
  { group: 'Fleet', id: 'servers', title: 'Servers', icon: List, shortcut: 'G L', ...withDrawer, component: ServersView },
  { group: 'Fleet', id: 'server', title: 'Server', icon: Server, shortcut: 'G D', ...withoutFilter, component: ServerView },
  { group: 'Explain', id: 'clusters', title: 'Clusters', icon: ChartScatter, shortcut: 'G C', ...withDrawer, component: ClustersView },
  { group: 'Explain', id: 'seasons', title: 'Seasons', icon: CalendarRange, shortcut: 'G N', ...withFilter, component: SeasonsView },
  { group: 'Explain', id: 'models', title: 'Models', icon: Gauge, shortcut: 'G M', ...withoutFilter, component: ModelsView },
  { group: 'Explain', id: 'events', title: 'Events', icon: CalendarClock, shortcut: 'G V', ...withoutFilter, component: EventsView },
  {
    group: 'Act',
    id: 'recommendations',
    title: 'Recommendations',
    icon: ClipboardList,
    shortcut: 'G A',
    ...withFilter,
    component: RecommendationsView,
  },
  { group: 'Act', id: 'capacity', title: 'Capacity', icon: HardDrive, shortcut: 'G Y', ...withoutFilter, component: CapacityView },
  { group: 'Act', id: 'what-if', title: 'What if', icon: SlidersHorizontal, shortcut: 'G W', ...withoutFilter, component: WhatIfView },
  { group: 'Check', id: 'history', title: 'History', icon: History, shortcut: 'G H', ...withoutFilter, component: HistoryView },
  { group: 'Check', id: 'compare', title: 'Compare', icon: ArrowLeftRight, shortcut: 'G P', ...withoutFilter, component: CompareView },
  { group: 'Check', id: 'reconcile', title: 'Reconcile', icon: Scale, shortcut: 'G K', ...withoutFilter, component: ReconcileView },
  { group: 'Check', id: 'query', title: 'Query', icon: DatabaseZap, shortcut: 'G Q', ...withoutFilter, component: QueryView },
  { group: 'Set up', id: 'cloud', title: 'Cloud', icon: Cloud, shortcut: 'G U', needsRun: false, component: CloudView },
  { group: 'Set up', id: 'settings', title: 'Settings', icon: Settings2, shortcut: 'Ctrl+,', needsRun: false, component: SettingsView },
]
