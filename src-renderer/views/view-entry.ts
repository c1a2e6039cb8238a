// The types of an entry in the table of views.
import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'

export interface RunViewProps {
  readonly run: RunOverview
  readonly theme: ChartTheme
}

/** Groups of the sidebar. */
export type ViewGroup = 'Begin' | 'Fleet' | 'Explain' | 'Act' | 'Check' | 'Set up'

interface ViewDescription {
  readonly group: ViewGroup
  /** Part of links: lower case and hyphens. */
  readonly id: string
  readonly title: string
  readonly icon: LucideIcon
  /** Two keys in turn, such as "G O", or one with Ctrl. */
  readonly shortcut: string
}

/** A view of the open run, below summary bar and filter. */
export interface RunView extends ViewDescription {
  readonly needsRun: true
  readonly component: ComponentType<RunViewProps>
  /** Whether the view has the shared filter above it, and the drawer of the selected server next to it. */
  readonly hasFilter: boolean
  readonly hasDrawer: boolean
}

/** A view without an open run. */
export interface StandaloneView extends ViewDescription {
  readonly needsRun: false
  readonly component: ComponentType<{ readonly theme: ChartTheme }>
}

export type ViewEntry = RunView | StandaloneView
