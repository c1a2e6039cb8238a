// The window's layout: sidebar, summary bar, filter, current view, drawer, status bar; and the global keys.
import { useEffect } from 'react'
import { CloudDock } from './cloud/cloud-dock.tsx'
import { MfaCodeDialog } from './cloud/mfa-code-dialog.tsx'
import { DropTarget } from './frame/drop-target.tsx'
import { FilterBar } from './frame/filter-bar.tsx'
import { SummaryBar } from './frame/summary-bar.tsx'
import { CommandPalette } from './frame/command-palette.tsx'
import { Sidebar } from './frame/sidebar.tsx'
import { ServerDrawer } from './frame/server-drawer.tsx'
import { ShortcutsPage } from './frame/shortcuts-page.tsx'
import { StatusBar } from './frame/status-bar.tsx'
import { TourPanel } from './frame/tour-panel.tsx'
import { makeKeyListener } from './frame/key-listener.ts'
import { ExportProvider } from './components/export-context.ts'
import { copyText, copyWithNotice, saveFile } from './state/export-actions.ts'
import { cancelAnalysis } from './state/follow-analysis.ts'
import { selectServer } from './state/navigation.ts'
import { useWindowState } from './state/window-state.ts'
import { utcClock } from '../src-shared/run/zone-clock.ts'
import { setFormats } from './theme/formatting.ts'
import { useTheme } from './theme/theme.ts'
import { ProgressView } from './views/progress/progress-view.tsx'
import { ImportDialog } from './views/start/import-dialog.tsx'
import { views } from './view-table.tsx'
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

const exportActions = { copyText, copyWithNotice, saveFile }

export const App = () => {
  const { settings, overlay, run } = useWindowState()
  const theme = useTheme(settings.theme)
  setFormats(settings.locale, run?.timeZone ?? utcClock.zone)
  useEffect(() => {
    window.addEventListener('keydown', onEscape)
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', onEscape)
      window.removeEventListener('keydown', onKey)
    }
  }, [])
  return (
    <ExportProvider value={exportActions}>
      <div className="window">
        <Sidebar views={views} />
        <MainArea key={settings.locale ?? 'system'} theme={theme} />
        <DropTarget />
        <MfaCodeDialog />
        {overlay === 'palette' && <CommandPalette commands={windowCommands} />}
        {overlay === 'import' && <ImportDialog />}
        {overlay === 'shortcuts' && <ShortcutsPage commands={windowCommands} />}
      </div>
    </ExportProvider>
  )
}

const MainArea = ({ theme }: { readonly theme: ReturnType<typeof useTheme> }) => {
  const { view, run, selectedServer } = useWindowState()
  const requestedView = views.find(({ id }) => id === view)
  const entry = requestedView ?? views.find(({ id }) => id === (run === null ? 'start' : 'overview')) ?? views[0]!
  const showsProgress = view === 'progress'
  const activeRunView = !showsProgress && entry.needsRun && run !== null ? entry : null
  const PlainComponent = entry.needsRun ? views.find((candidate) => !candidate.needsRun)?.component : entry.component
  return (
    <div className="stage">
      {activeRunView !== null && run !== null && (
        <>
          <SummaryBar run={run} />
          {activeRunView.hasFilter && <FilterBar key={run.folder} run={run} />}
        </>
      )}
      <div className="content" data-region>
        {showsProgress && <ProgressView />}
        {!showsProgress && activeRunView === null && PlainComponent !== undefined && <PlainComponent theme={theme} />}
        {activeRunView !== null && run !== null && <activeRunView.component key={run.folder} run={run} theme={theme} />}
        {activeRunView?.hasDrawer === true && run !== null && selectedServer !== null && (
          <ServerDrawer run={run} serverId={selectedServer} />
        )}
      </div>
      <CloudDock />
      <TourPanel />
      <StatusBar />
    </div>
  )
}
