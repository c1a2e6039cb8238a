// Where the window stood: kept when it closes or moves, restored where a screen still shows it.
import { readFileSync, writeFileSync } from 'node:fs'
import { screen, type BrowserWindow, type Rectangle } from 'electron'
import { z } from 'zod'

const placeSchema = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().min(200).max(20_000), height: z.int().min(200).max(20_000) }),
  isMaximized: z.boolean(),
})
type WindowPlace = z.infer<typeof placeSchema>

const settleMs = 500
/** So much of the window must be on a screen to be grabbed. */
const graspPixels = 80

/** null where nothing was kept, or no screen shows enough of that place. */
export const readWindowPlace = (path: string): WindowPlace | null => {
  try {
    const place = placeSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return screen.getAllDisplays().some(({ workArea }) => isGraspable(place.bounds, workArea)) ? place : null
  } catch {
    return null
  }
}

const isGraspable = (bounds: Rectangle, area: Rectangle): boolean =>
  bounds.x + bounds.width > area.x + graspPixels &&
  bounds.x < area.x + area.width - graspPixels &&
  bounds.y >= area.y - graspPixels &&
  bounds.y < area.y + area.height - graspPixels

export const keepWindowPlace = (window: BrowserWindow, path: string): void => {
  let timer: NodeJS.Timeout | undefined
  const keep = (): void => {
    clearTimeout(timer)
    const place: WindowPlace = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() }
    try {
      // At once: the process ends right after the window has closed.
      writeFileSync(path, `${JSON.stringify(place)}\n`)
    } catch {
      // A place that cannot be kept is forgotten; nothing depends on it.
    }
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(keep, settleMs)
  }
  window.on('resize', later)
  window.on('move', later)
  window.on('close', keep)
}
