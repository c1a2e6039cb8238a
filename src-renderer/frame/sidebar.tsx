// The sidebar: the views in groups, the theme switch, and the switch between words and icons.
import { Contrast, Loader, Monitor, Moon, PanelLeftClose, PanelLeftOpen, Sun, type LucideIcon } from 'lucide-react'
import { useRef, type KeyboardEvent } from 'react'
import { themeChoices, type ThemeChoice } from '../../src-shared/config/settings.ts'
import { navigateTo } from '../state/navigation.ts'
import { changeSettings, useWindowState } from '../state/window-state.ts'
import { themeLabels } from '../theme/labels.ts'

export interface SidebarEntry {
  readonly group: string
  readonly id: string
  readonly title: string
  readonly icon: LucideIcon
  readonly shortcut: string
  readonly needsRun: boolean
}

/** Groups without a heading: one entry at the top, and the settings at the bottom. */
const plainGroups: ReadonlySet<string> = new Set(['Begin', 'Set up'])

const themeIcons: Readonly<Record<ThemeChoice, LucideIcon>> = { system: Monitor, light: Sun, dark: Moon, 'high-contrast': Contrast }

export const Sidebar = ({ views }: { readonly views: readonly SidebarEntry[] }) => {
  const toolbar = useRef<HTMLDivElement>(null)
  const current = useWindowState(({ view }) => view)
  const hasRun = useWindowState(({ run }) => run !== null)
  const isAnalysing = useWindowState(({ analysis }) => analysis !== null)
  const theme = useWindowState(({ settings }) => settings.theme)
  const isCollapsed = useWindowState(({ settings }) => settings.layout.isSidebarCollapsed)
  const next = themeChoices[(themeChoices.indexOf(theme) + 1) % themeChoices.length] ?? 'system'
  const onKeyDown = (event: KeyboardEvent): void => {
    const buttons = [...(toolbar.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])]
    const index = buttons.indexOf(event.target as HTMLButtonElement)
    const targetIndex = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (targetIndex === undefined) return
    event.preventDefault()
    buttons[(targetIndex + buttons.length) % buttons.length]?.focus()
  }
  const groups = [...new Set(views.map(({ group }) => group))]
  const collapseLabel = isCollapsed ? 'Show labels' : 'Hide labels'
  const CollapseIcon = isCollapsed ? PanelLeftOpen : PanelLeftClose
  return (
    <nav aria-label="Views" data-region>
      <div
        ref={toolbar}
        className="sidebar"
        role="toolbar"
        tabIndex={-1}
        aria-label="Views"
        aria-orientation="vertical"
        data-collapsed={isCollapsed}
        onKeyDown={onKeyDown}
      >
        {groups.map((group) => (
          <div key={group} className="sidebar-group" role="group" aria-label={group}>
            {!plainGroups.has(group) && (
              <span className="sidebar-heading" aria-hidden>
                {group}
              </span>
            )}
            {views
              .filter((view) => view.group === group)
              .map(({ id, title, icon: Icon, shortcut, needsRun }) => (
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
                  <SidebarLabel icon={Icon} text={title} />
                </button>
              ))}
          </div>
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
            <SidebarLabel icon={Loader} text="Progress" />
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
          <SidebarLabel icon={themeIcons[theme]} text={theme === 'high-contrast' ? themeLabels[theme] : `Theme: ${themeLabels[theme]}`} />
        </button>
        <button
          type="button"
          className="sidebar-button"
          aria-label={collapseLabel}
          title={collapseLabel}
          onClick={() => void changeSettings({ layout: { isSidebarCollapsed: !isCollapsed } })}
        >
          <SidebarLabel icon={CollapseIcon} text={collapseLabel} />
        </button>
      </div>
    </nav>
  )
}

const SidebarLabel = ({ icon: Icon, text }: { readonly icon: LucideIcon; readonly text: string }) => (
  <>
    <Icon size={17} strokeWidth={1.75} aria-hidden />
    <span className="sidebar-text">{text}</span>
  </>
)
