// Mounts the window's page once its typeface is there: charts measure text when they are laid out.
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { listenToMain } from './state/listen-to-main.ts'
import './theme/typeface.css'
import './theme/base.css'
import './theme/controls.css'
import './theme/layout.css'
import './theme/views.css'

const start = async (): Promise<void> => {
  await Promise.allSettled(['400 13px Inter', '600 13px Inter'].map((font) => document.fonts.load(font)))
  await listenToMain()
  const root = document.getElementById('root')
  if (root !== null) createRoot(root).render(<App />)
}

void start()
