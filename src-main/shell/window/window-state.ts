// The window's bounds: saved when it moves or closes, and restored if a screen still shows them.
import { readFileSync, writeFileSync } from 'node:fs'
import { screen, type BrowserWindow, type Rectangle } from 'electron'
import { z } from 'zod'

const windowStateSchema = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().min(200).max(20_000), height: z.int().min(200).max(20_000) }),
  isMaximized: z.boolean(),
})
type WindowState = z.infer<typeof windowStateSchema>

const debounceMs = 500
/** This much of the window must be on a screen, so that the user can drag it. */
const minVisiblePixels = 80

/** null if nothing was saved, or if no screen shows enough of the bounds. */
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
      // Synchronous, because the process ends right after the window closes.
      writeFileSync(path, `${JSON.stringify(windowState)}\n`)
    } catch {
      // Bounds that cannot be saved are lost; nothing depends on them.
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
