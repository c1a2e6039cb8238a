// The window's layout: rail, headline, the view that is up, the drawer, the status line; and the keys that work everywhere.
import { useEffect } from 'react'
import { CloudView } from './cloud/cloud-view.tsx'
import { DropTarget } from './components/drop-target.tsx'
import { Headline } from './components/headline.tsx'
import { Rail } from './components/rail.tsx'
import { ServerDrawer } from './components/server-drawer.tsx'
import { StatusBar } from './components/status-bar.tsx'
import { cancelAnalysis } from './state/follow-analysis.ts'
import { useWindowState } from './state/window-state.ts'
import { useTheme } from './theme/theme.ts'
import { ClustersView } from './views/clusters-view.tsx'
import { HeatmapView } from './views/heatmap-view.tsx'
import { ProgressView } from './views/progress-view.tsx'
import { StartView } from './views/start-view.tsx'

const onEscape = (): void => {
  const { analysis, view } = useWindowState.getState()
  if (view === 'progress' && analysis !== null) void cancelAnalysis()
  else useWindowState.setState({ selectedServer: null })
}

export const App = () => {
  const theme = useTheme(useWindowState((state) => state.theme))
  const { view, run, analysis, selectedServer } = useWindowState()
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) onEscape()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const shownRun = view === 'heatmap' || view === 'clusters' ? run : null
  return (
    <div className="window">
      <Rail />
      <div className="stage">
        {shownRun !== null && <Headline run={shownRun} />}
        <div className="content">
          {view === 'cloud' && <CloudView />}
          {shownRun === null &&
            view !== 'cloud' &&
            (view === 'progress' && analysis !== null ? <ProgressView analysis={analysis} /> : <StartView />)}
          {shownRun !== null && view === 'heatmap' && <HeatmapView key={shownRun.folder} run={shownRun} theme={theme} />}
          {shownRun !== null && view === 'clusters' && <ClustersView key={shownRun.folder} run={shownRun} theme={theme} />}
          {shownRun !== null && selectedServer !== null && <ServerDrawer run={shownRun} serverId={selectedServer} />}
        </div>
        <StatusBar />
      </div>
      <DropTarget />
    </div>
  )
}
