// The table of views, in the order of the rail. A view is added by one line.
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
  House,
  LayoutDashboard,
  List,
  Scale,
  Server,
  Settings2,
  SlidersHorizontal,
} from 'lucide-react'
import { CloudView } from '../cloud/cloud-view.tsx'
import { ClustersView } from './clusters-view.tsx'
import { CompareView } from './compare-view.tsx'
import { EventsView } from './events-view.tsx'
import { HeatmapView } from './heatmap-view.tsx'
import { ModelsView } from './models-view.tsx'
import { OverviewView } from './overview-view.tsx'
import { QueryView } from './query-view.tsx'
import { RecommendationsView } from './recommendations-view.tsx'
import { ReconcileView } from './reconcile-view.tsx'
import { SeasonsView } from './seasons-view.tsx'
import { ServerView } from './server-view.tsx'
import { ServersView } from './servers-view.tsx'
import { SettingsView } from './settings-view.tsx'
import { StartView } from './start-view.tsx'
import { WhatIfView } from './what-if-view.tsx'
import type { ViewEntry } from './view-entry.ts'

const withDrawer = { needsRun: true, hasFilter: true, hasDrawer: true } as const
const filtered = { needsRun: true, hasFilter: true, hasDrawer: false } as const
const whole = { needsRun: true, hasFilter: false, hasDrawer: false } as const

export const views: readonly ViewEntry[] = [
  { id: 'start', title: 'Start', icon: House, shortcut: 'G S', needsRun: false, component: StartView },
  { id: 'overview', title: 'Overview', icon: LayoutDashboard, shortcut: 'G O', ...filtered, component: OverviewView },
  { id: 'heatmap', title: 'Risk heatmap', icon: Grid3x3, shortcut: 'G R', ...withDrawer, component: HeatmapView },
  { id: 'clusters', title: 'Clusters', icon: ChartScatter, shortcut: 'G C', ...withDrawer, component: ClustersView },
  { id: 'servers', title: 'Servers', icon: List, shortcut: 'G L', ...withDrawer, component: ServersView },
  { id: 'server', title: 'Server', icon: Server, shortcut: 'G D', ...whole, component: ServerView },
  { id: 'seasons', title: 'Seasons', icon: CalendarRange, shortcut: 'G N', ...filtered, component: SeasonsView },
  { id: 'models', title: 'Models', icon: Gauge, shortcut: 'G M', ...whole, component: ModelsView },
  { id: 'events', title: 'Events', icon: CalendarClock, shortcut: 'G V', ...whole, component: EventsView },
  { id: 'recommendations', title: 'Recommendations', icon: ClipboardList, shortcut: 'G A', ...filtered, component: RecommendationsView },
  { id: 'what-if', title: 'What if', icon: SlidersHorizontal, shortcut: 'G W', ...whole, component: WhatIfView },
  { id: 'compare', title: 'Compare', icon: ArrowLeftRight, shortcut: 'G P', ...whole, component: CompareView },
  { id: 'reconcile', title: 'Reconcile', icon: Scale, shortcut: 'G K', ...whole, component: ReconcileView },
  { id: 'query', title: 'Query', icon: DatabaseZap, shortcut: 'G Q', ...whole, component: QueryView },
  { id: 'cloud', title: 'Cloud', icon: Cloud, shortcut: 'G U', needsRun: false, component: CloudView },
  { id: 'settings', title: 'Settings', icon: Settings2, shortcut: 'Ctrl+,', needsRun: false, component: SettingsView },
]
