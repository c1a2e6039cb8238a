// Mounts the window's page after loading the typeface, because charts measure text for their layout.
import '../src-shared/run/no-proto-accessor.ts'
import './theme/base.css'
import './components/components.css'
import './components/tables.css'
import './charts/charts.css'
import './frame/frame.css'
import './views/views.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadChartLibrary } from './charts/chart.tsx'
import { loadTypeface } from './theme/theme.ts'
import { listenToMain } from './state/listen-to-main.ts'
import { loadOpeningViews } from './view-table.tsx'
import { runCommand } from './window-commands.ts'

const start = async (): Promise<void> => {
  await Promise.all([loadTypeface(), listenToMain(runCommand)])
  const root = document.getElementById('root')
  if (root !== null) createRoot(root).render(<App />)
  await Promise.all([loadOpeningViews(), loadChartLibrary()])
}

void start()
