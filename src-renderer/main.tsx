// Mounts the window's page once its typeface is there: charts measure text when they are laid out.
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadTypeface } from './theme/theme.ts'
import { listenToMain } from './state/listen-to-main.ts'
import { runCommand } from './window-commands.ts'
import './theme/base.css'
import './theme/controls.css'
import './theme/layout.css'
import './theme/views.css'
import './theme/workbench.css'
import './theme/overlays.css'
import './theme/lists.css'
import './theme/pages.css'
import './theme/tools.css'

const start = async (): Promise<void> => {
  await loadTypeface()
  await listenToMain(runCommand)
  const root = document.getElementById('root')
  if (root !== null) createRoot(root).render(<App />)
}

void start()
