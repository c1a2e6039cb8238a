// The left edge of the drawer: dragged, or moved by arrow keys, to make it wider or narrower. Its width is kept.
import { useState } from 'react'
import { changeSettings } from '../state/errands.ts'
import { useWindowState } from '../state/window-state.ts'

const least = 280
const most = 720
const step = 20

const clamp = (width: number): number => Math.round(Math.min(most, Math.max(least, width)))

/** Shown at once; kept when the hand lets go. */
const show = (width: number): void =>
  useWindowState.setState(({ settings }) => ({ settings: { ...settings, layout: { ...settings.layout, drawerWidth: clamp(width) } } }))
const keep = (): void => {
  const { drawerWidth } = useWindowState.getState().settings.layout
  void changeSettings({ layout: { drawerWidth } })
}

export const DrawerGrip = ({ width }: { readonly width: number }) => {
  const [from, setFrom] = useState<{ readonly x: number; readonly width: number } | null>(null)
  return (
    // A separator that can be moved is a control.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="drawer-grip"
      role="separator"
      aria-label="Width of the server details"
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      // So that the arrow keys reach it.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setFrom({ x: event.clientX, width })
      }}
      onPointerMove={({ clientX }) => from !== null && show(from.width + from.x - clientX)}
      onPointerUp={() => {
        setFrom(null)
        keep()
      }}
      onKeyDown={({ key }) => {
        const change = { ArrowLeft: step, ArrowRight: -step }[key]
        if (change === undefined) return
        show(width + change)
        keep()
      }}
    />
  )
}
