// The sidebar: one button per view, and the theme switch at the bottom.
import { Contrast, Loader, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react'
import { useRef, type KeyboardEvent } from 'react'
import { themeChoices, type ThemeChoice } from '../../src-shared/config/settings.ts'
import { navigateTo } from '../state/navigation.ts'
import { changeSettings, useWindowState } from '../state/window-state.ts'
import { themeLabels } from '../theme/labels.ts'

export interface SidebarEntry {
  readonly id: string
  readonly title: string
  readonly icon: LucideIcon
  readonly shortcut: string
  readonly needsRun: boolean
}

const themeIcons: Readonly<Record<ThemeChoice, LucideIcon>> = { system: Monitor, light: Sun, dark: Moon, 'high-contrast': Contrast }

export const Sidebar = ({ views }: { readonly views: readonly SidebarEntry[] }) => {
  const toolbar = useRef<HTMLDivElement>(null)
  const current = useWindowState(({ view }) => view)
  const hasRun = useWindowState(({ run }) => run !== null)
  const isAnalysing = useWindowState(({ analysis }) => analysis !== null)
  const theme = useWindowState(({ settings }) => settings.theme)
  const next = themeChoices[(themeChoices.indexOf(theme) + 1) % themeChoices.length] ?? 'system'
  const ThemeIcon = themeIcons[theme]
  const onKeyDown = (event: KeyboardEvent): void => {
    const buttons = [...(toolbar.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])]
    const index = buttons.indexOf(event.target as HTMLButtonElement)
    const targetIndex = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (targetIndex === undefined) return
    event.preventDefault()
    buttons[(targetIndex + buttons.length) % buttons.length]?.focus()
  }
  return (
    <nav aria-label="Views" data-region>
      <div
        ref={toolbar}
        className="sidebar"
        role="toolbar"
        tabIndex={-1}
        aria-label="Views"
        aria-orientation="vertical"
        onKeyDown={onKeyDown}
      >
        {views.map(({ id, title, icon: Icon, shortcut, needsRun }) => (
          <button
            key={id}
            data-view={id}
            type="button"
            className="sidebar-button"
            aria-label={title}
            aria-current={current === id ? 'page' : undefined}
            tabIndex={current === id || (current === 'progress' && id === 'start') ? 0 : -1}
            title={needsRun && !hasRun ? `${title} (needs an open run)` : `${title} (${shortcut})`}
            disabled={needsRun && !hasRun}
            onClick={() => navigateTo(id)}
          >
            <Icon size={19} strokeWidth={1.75} aria-hidden />
          </button>
        ))}
        {isAnalysing && (
          <button
            type="button"
            className="sidebar-button"
            aria-label="Progress"
            aria-current={current === 'progress' ? 'page' : undefined}
            title="Analysis progress"
            onClick={() => navigateTo('progress')}
          >
            <Loader size={19} strokeWidth={1.75} aria-hidden />
          </button>
        )}
        <span className="sidebar-gap" />
        <button
          type="button"
          className="sidebar-button"
          aria-label={`Theme: ${themeLabels[theme]}`}
          title={`Theme: ${themeLabels[theme]} (click for ${themeLabels[next]})`}
          onClick={() => void changeSettings({ theme: next })}
        >
          <ThemeIcon size={18} strokeWidth={1.75} aria-hidden />
        </button>
      </div>
    </nav>
  )
}
