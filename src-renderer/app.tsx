// The window's layout: rail, headline, filter, the view that is up, the drawer, the status line; and the keys that work everywhere.
import { useEffect } from 'react'
import { DropTarget } from './components/drop-target.tsx'
import { FilterBar } from './components/filter-bar.tsx'
import { Headline } from './components/headline.tsx'
import { Palette } from './components/palette.tsx'
import { Rail } from './components/rail.tsx'
import { ServerDrawer } from './components/server-drawer.tsx'
import { ShortcutsPage } from './components/shortcuts-page.tsx'
import { StatusBar } from './components/status-bar.tsx'
import { makeKeyListener } from './keyboard.ts'
import { cancelAnalysis } from './state/follow-analysis.ts'
import { selectServer } from './state/navigation.ts'
import { useWindowState } from './state/window-state.ts'
import { setLocale } from './theme/formatting.ts'
import { useTheme } from './theme/theme.ts'
import { ProgressView } from './views/progress-view.tsx'
import { views } from './views/view-table.tsx'
import { windowCommands } from './window-commands.ts'

const onEscape = (event: KeyboardEvent): void => {
  if (event.key !== 'Escape' || event.defaultPrevented || useWindowState.getState().overlay !== null) return
  const { analysis, view } = useWindowState.getState()
  if (view === 'progress' && analysis !== null) void cancelAnalysis()
  else selectServer(null)
}

const onKey = makeKeyListener(
  () => windowCommands,
  () => useWindowState.getState().overlay !== null,
)

export const App = () => {
  const { settings, overlay } = useWindowState()
  const theme = useTheme(settings.theme)
  setLocale(settings.locale)
  useEffect(() => {
    window.addEventListener('keydown', onEscape)
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', onEscape)
      window.removeEventListener('keydown', onKey)
    }
  }, [])
  return (
    <div className="window">
      <Rail views={views} />
      <Stage key={settings.locale ?? 'system'} theme={theme} />
      <DropTarget />
      {overlay === 'palette' && <Palette commands={windowCommands} />}
      {overlay === 'shortcuts' && <ShortcutsPage commands={windowCommands} />}
    </div>
  )
}

const Stage = ({ theme }: { readonly theme: ReturnType<typeof useTheme> }) => {
  const { view, run, analysis, selectedServer } = useWindowState()
  const asked = views.find(({ id }) => id === view)
  const entry = asked ?? views.find(({ id }) => id === (run === null ? 'start' : 'overview')) ?? views[0]!
  const isWatching = view === 'progress' && analysis !== null
  const shown = !isWatching && entry.needsRun && run !== null ? entry : null
  const Plain = entry.needsRun ? views.find((known) => !known.needsRun)?.component : entry.component
  return (
    <div className="stage">
      {shown !== null && run !== null && (
        <>
          <Headline run={run} />
          {shown.hasFilter && <FilterBar key={run.folder} run={run} />}
        </>
      )}
      <div className="content" data-region>
        {isWatching && <ProgressView />}
        {!isWatching && shown === null && Plain !== undefined && <Plain theme={theme} />}
        {shown !== null && run !== null && <shown.component key={run.folder} run={run} theme={theme} />}
        {shown?.hasDrawer === true && run !== null && selectedServer !== null && <ServerDrawer run={run} serverId={selectedServer} />}
      </div>
      <StatusBar />
    </div>
  )
}
