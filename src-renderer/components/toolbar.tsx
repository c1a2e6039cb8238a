// A toolbar with one tab stop; arrow keys move between its controls.
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react'

const focusableSelector = 'button:not(:disabled), select:not(:disabled), input:not(:disabled), summary'
/** Whether the left and right arrow keys move the text cursor. */
const isTyping = (element: Element): boolean =>
  element instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(element.type)

export const Toolbar = ({
  label,
  children,
  className = 'toolbar',
}: {
  readonly label: string
  readonly children: ReactNode
  readonly className?: string
}) => {
  const toolbar = useRef<HTMLDivElement>(null)
  const lastFocused = useRef<Element | null>(null)

  useEffect(() => {
    const element = toolbar.current
    if (element === null) return undefined
    const updateTabStops = (): void => {
      const tabStops = findTabStops(element)
      const current = tabStops.find((stop) => stop === lastFocused.current) ?? tabStops[0]
      for (const stop of tabStops) {
        const tabIndex = stop === current ? 0 : -1
        if (stop.tabIndex !== tabIndex) stop.tabIndex = tabIndex
      }
    }
    updateTabStops()
    const observer = new MutationObserver(updateTabStops)
    observer.observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
    return () => observer.disconnect()
  }, [])

  const onKeyDown = (event: KeyboardEvent): void => {
    const element = toolbar.current
    if (element === null || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target as Element)) return
    const tabStops = findTabStops(element)
    const index = tabStops.indexOf(event.target as HTMLElement)
    const targetIndex = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabStops.length - 1 }[event.key]
    if (index < 0 || targetIndex === undefined) return
    event.preventDefault()
    tabStops[(targetIndex + tabStops.length) % tabStops.length]?.focus()
  }

  const onFocus = (target: EventTarget): void => {
    const element = toolbar.current
    if (element === null || !(target instanceof HTMLElement)) return
    const tabStops = findTabStops(element)
    if (!tabStops.includes(target)) return
    lastFocused.current = target
    for (const stop of tabStops) stop.tabIndex = stop === target ? 0 : -1
  }

  return (
    <div
      ref={toolbar}
      className={className}
      role="toolbar"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => onFocus(target)}
    >
      {children}
    </div>
  )
}

/** Controls in an open panel have their own tab order. */
const findTabStops = (element: Element): HTMLElement[] =>
  [...element.querySelectorAll<HTMLElement>(focusableSelector)].filter((stop) => stop.closest('[data-panel]') === null)
