// Where the window stood: kept when it closes or moves, restored where a screen still shows it.
import { readFileSync, writeFileSync } from 'node:fs'
import { screen, type BrowserWindow, type Rectangle } from 'electron'
import { z } from 'zod'

const windowStateSchema = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().min(200).max(20_000), height: z.int().min(200).max(20_000) }),
  isMaximized: z.boolean(),
})
type WindowState = z.infer<typeof windowStateSchema>

const debounceMs = 500
/** So much of the window must be on a screen to be grabbed. */
const minVisiblePixels = 80

/** null where nothing was kept, or no screen shows enough of that place. */
export const readWindowState = (path: string): WindowState | null => {
  try {
    const windowState = windowStateSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return screen.getAllDisplays().some(({ workArea }) => isVisibleOn(windowState.bounds, workArea)) ? windowState : null
  } catch {
    return null
  }
}

const isVisibleOn = (bounds: Rectangle, area: Rectangle): boolean =>
  bounds.x + bounds.width > area.x + minVisiblePixels &&
  bounds.x < area.x + area.width - minVisiblePixels &&
  bounds.y >= area.y - minVisiblePixels &&
  bounds.y < area.y + area.height - minVisiblePixels

export const trackWindowState = (window: BrowserWindow, path: string): void => {
  let timer: NodeJS.Timeout | undefined
  const save = (): void => {
    clearTimeout(timer)
    const windowState: WindowState = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() }
    try {
      // At once: the process ends right after the window has closed.
      writeFileSync(path, `${JSON.stringify(windowState)}\n`)
    } catch {
      // A place that cannot be kept is forgotten; nothing depends on it.
    }
  }
  const scheduleSave = (): void => {
    clearTimeout(timer)
    timer = setTimeout(save, debounceMs)
  }
  window.on('resize', scheduleSave)
  window.on('move', scheduleSave)
  window.on('close', save)
}
