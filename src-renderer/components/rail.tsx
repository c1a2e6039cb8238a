// The left rail: one icon per view, the theme at its foot.
import { ChartScatter, Cloud, Grid3x3, House, Loader, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react'
import { themeChoices, type ThemeChoice } from '../../src-shared/ipc-contract.ts'
import { chooseTheme } from '../state/errands.ts'
import { useWindowState, type ViewName } from '../state/window-state.ts'

const views: readonly { readonly view: ViewName; readonly label: string; readonly Icon: LucideIcon }[] = [
  { view: 'start', label: 'Start', Icon: House },
  { view: 'heatmap', label: 'Risk heatmap', Icon: Grid3x3 },
  { view: 'clusters', label: 'Clusters', Icon: ChartScatter },
  { view: 'cloud', label: 'Cloud', Icon: Cloud },
]
const themeIcons: Readonly<Record<ThemeChoice, LucideIcon>> = { system: Monitor, light: Sun, dark: Moon }

export const Rail = () => {
  const current = useWindowState(({ view }) => view)
  const hasRun = useWindowState(({ run }) => run !== null)
  const isAnalysing = useWindowState(({ analysis }) => analysis !== null)
  const theme = useWindowState((state) => state.theme)
  const next = themeChoices[(themeChoices.indexOf(theme) + 1) % themeChoices.length] ?? 'system'
  const ThemeIcon = themeIcons[theme]
  return (
    <nav className="rail" aria-label="Views">
      {views.map(({ view, label, Icon }) => (
        <button
          key={view}
          type="button"
          className="rail-button"
          aria-label={label}
          aria-current={current === view ? 'page' : undefined}
          title={view === 'start' || view === 'cloud' || hasRun ? label : `${label}: open a run first`}
          disabled={view !== 'start' && view !== 'cloud' && !hasRun}
          onClick={() => useWindowState.setState({ view })}
        >
          <Icon size={20} strokeWidth={1.75} aria-hidden />
        </button>
      ))}
      {isAnalysing && (
        <button
          type="button"
          className="rail-button"
          aria-label="Progress"
          aria-current={current === 'progress' ? 'page' : undefined}
          title="Progress of the analysis"
          onClick={() => useWindowState.setState({ view: 'progress' })}
        >
          <Loader size={20} strokeWidth={1.75} aria-hidden />
        </button>
      )}
      <span className="rail-gap" />
      <button
        type="button"
        className="rail-button"
        aria-label={`Theme: ${theme}`}
        title={`Theme: ${theme}. Switch to ${next}.`}
        onClick={() => void chooseTheme(next)}
      >
        <ThemeIcon size={18} strokeWidth={1.75} aria-hidden />
      </button>
    </nav>
  )
}
