// The column layout of each list, saved in the settings: shown at once, written when changes pause.
import { useCallback } from 'react'
import { defaultGridLayout, type GridLayout } from '../../src-shared/config/grid-layout.ts'
import { changeSettings, useWindowState } from './window-state.ts'

const saveDelayMs = 400
let timer: ReturnType<typeof setTimeout> | undefined

const applyLayout = (id: string, grid: GridLayout): void => {
  useWindowState.setState(({ settings }) => ({
    settings: { ...settings, layout: { ...settings.layout, grids: { ...settings.layout.grids, [id]: grid } } },
  }))
  clearTimeout(timer)
  timer = setTimeout(() => void changeSettings({ layout: { grids: useWindowState.getState().settings.layout.grids } }), saveDelayMs)
}

/** `id`: lower case and hyphens. */
export const useGridLayout = (id: string): { readonly layout: GridLayout; readonly onLayout: (layout: GridLayout) => void } => {
  const layout = useWindowState(({ settings }) => settings.layout.grids[id] ?? defaultGridLayout)
  const onLayout = useCallback((changed: GridLayout) => applyLayout(id, changed), [id])
  return { layout, onLayout }
}
