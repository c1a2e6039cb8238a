// Drops files on the window.
import type { Page } from 'playwright'

/** Drops real files on the window, as a user does: events that a script makes would grant no path. */
export const dropFiles = async (page: Page, paths: readonly string[]): Promise<void> => {
  const client = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await client.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data })
  await client.detach()
}
