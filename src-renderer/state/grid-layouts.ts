// The column layout of each list, saved in the settings: shown at once, written when changes pause.
import { useCallback } from 'react'
import { defaultGridLayout, type GridLayout } from '../../src-shared/config/grid-layout.ts'
import { applySettings, changeSettings, unsavedGrids, useWindowState } from './window-state.ts'

const saveDelayMs = 400
let timer: ReturnType<typeof setTimeout> | undefined

const applyLayout = (id: string, grid: GridLayout): void => {
  unsavedGrids.set(id, grid)
  applySettings(useWindowState.getState().settings)
  clearTimeout(timer)
  timer = setTimeout(() => void saveLayouts(), saveDelayMs)
}

const saveLayouts = async (): Promise<void> => {
  const saved = [...unsavedGrids]
  await changeSettings({ layout: { grids: useWindowState.getState().settings.layout.grids } })
  for (const [id, grid] of saved) if (unsavedGrids.get(id) === grid) unsavedGrids.delete(id)
}

/** `id`: lower case and hyphens. */
export const useGridLayout = (id: string): { readonly layout: GridLayout; readonly onLayout: (layout: GridLayout) => void } => {
  const layout = useWindowState(({ settings }) => settings.layout.grids[id] ?? defaultGridLayout)
  const onLayout = useCallback((changed: GridLayout) => applyLayout(id, changed), [id])
  return { layout, onLayout }
}
