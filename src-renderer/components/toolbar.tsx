// A toolbar with one tab stop: arrow keys move inside, as people know it from other programs.
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react'

const stops = 'button:not(:disabled), select:not(:disabled), input:not(:disabled), summary'
/** Where left and right belong to the text. */
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
  const bar = useRef<HTMLDivElement>(null)
  const last = useRef<Element | null>(null)

  useEffect(() => {
    const element = bar.current
    if (element === null) return undefined
    const settle = (): void => {
      const found = stopsOf(element)
      const current = found.find((stop) => stop === last.current) ?? found[0]
      for (const stop of found) {
        const tabIndex = stop === current ? 0 : -1
        if (stop.tabIndex !== tabIndex) stop.tabIndex = tabIndex
      }
    }
    settle()
    const observer = new MutationObserver(settle)
    observer.observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
    return () => observer.disconnect()
  }, [])

  const onKeyDown = (event: KeyboardEvent): void => {
    const element = bar.current
    if (element === null || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target as Element)) return
    const found = stopsOf(element)
    const at = found.indexOf(event.target as HTMLElement)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: found.length - 1 }[event.key]
    if (at < 0 || to === undefined) return
    event.preventDefault()
    found[(to + found.length) % found.length]?.focus()
  }

  const onFocus = (target: EventTarget): void => {
    const element = bar.current
    if (element === null || !(target instanceof HTMLElement)) return
    const found = stopsOf(element)
    if (!found.includes(target)) return
    last.current = target
    for (const stop of found) stop.tabIndex = stop === target ? 0 : -1
  }

  return (
    <div
      ref={bar}
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

/** What lies in an open panel has its own order. */
const stopsOf = (element: Element): HTMLElement[] =>
  [...element.querySelectorAll<HTMLElement>(stops)].filter((stop) => stop.closest('[data-panel]') === null)
