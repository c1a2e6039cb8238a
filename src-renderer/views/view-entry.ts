// What the window must know of a view to offer it.
import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'

export interface RunViewProps {
  readonly run: RunOverview
  readonly theme: ChartTheme
}

interface ViewDescription {
  /** Part of links: lower case and hyphens. */
  readonly id: string
  readonly title: string
  readonly icon: LucideIcon
  /** Two keys in turn, such as "G O", or one with Ctrl. */
  readonly shortcut: string
}

/** A view of the open run, below headline and filter. */
export interface RunView extends ViewDescription {
  readonly needsRun: true
  readonly component: ComponentType<RunViewProps>
  /** Whether the shared filter stands above it, and whether the selected server is told beside it. */
  readonly hasFilter: boolean
  readonly hasDrawer: boolean
}

/** A view of its own. */
export interface StandaloneView extends ViewDescription {
  readonly needsRun: false
  readonly component: ComponentType<{ readonly theme: ChartTheme }>
}

export type ViewEntry = RunView | StandaloneView
