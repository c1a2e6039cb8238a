// The left edge of the drawer: drag it or use the arrow keys to change the width, which is saved in the settings.
import { useState } from 'react'
import { changeSettings, useWindowState } from '../state/window-state.ts'

const minWidth = 280
const maxWidth = 720
const keyStep = 20

const clamp = (width: number): number => Math.round(Math.min(maxWidth, Math.max(minWidth, width)))

/** Applies the width while dragging; it is saved on release. */
const previewWidth = (width: number): void =>
  useWindowState.setState(({ settings }) => ({ settings: { ...settings, layout: { ...settings.layout, drawerWidth: clamp(width) } } }))
const saveWidth = (): void => {
  const { drawerWidth } = useWindowState.getState().settings.layout
  void changeSettings({ layout: { drawerWidth } })
}

export const DrawerGrip = ({ width }: { readonly width: number }) => {
  const [dragStart, setDragStart] = useState<{ readonly x: number; readonly width: number } | null>(null)
  return (
    // A movable separator is a control.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="drawer-grip"
      role="separator"
      aria-label="Server details width"
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={minWidth}
      aria-valuemax={maxWidth}
      // Makes it reachable for the arrow keys.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setDragStart({ x: event.clientX, width })
      }}
      onPointerMove={({ clientX }) => dragStart !== null && previewWidth(dragStart.width + dragStart.x - clientX)}
      onPointerUp={() => {
        setDragStart(null)
        saveWidth()
      }}
      onKeyDown={({ key }) => {
        const change = { ArrowLeft: keyStep, ArrowRight: -keyStep }[key]
        if (change === undefined) return
        previewWidth(width + change)
        saveWidth()
      }}
    />
  )
}
