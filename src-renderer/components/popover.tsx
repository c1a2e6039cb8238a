// A button with a panel below it that closes on Escape, on a click outside, or when the focus leaves.
import { ChevronDown } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'

export interface PopoverProps {
  readonly label: ReactNode
  /** Name of the panel. */
  readonly name: string
  readonly isActive?: boolean
  readonly align?: 'left' | 'right'
  /** A click on an element with `data-close` closes the panel. */
  readonly children: ReactNode
}

export const Popover = ({ label, name, isActive = false, align = 'left', children }: PopoverProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const close = (): void => {
    setIsOpen(false)
    button.current?.focus()
  }

  useEffect(() => {
    if (!isOpen) return undefined
    const closeIfOutside = ({ target }: Event): void => {
      if (!(target instanceof Node) || root.current?.contains(target) !== true) setIsOpen(false)
    }
    document.addEventListener('pointerdown', closeIfOutside)
    document.addEventListener('focusin', closeIfOutside)
    return () => {
      document.removeEventListener('pointerdown', closeIfOutside)
      document.removeEventListener('focusin', closeIfOutside)
    }
  }, [isOpen])

  return (
    <div
      ref={root}
      className="popover"
      role="presentation"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return
        event.preventDefault()
        event.stopPropagation()
        close()
      }}
    >
      <button
        ref={button}
        type="button"
        className="button popover-button"
        data-marked={isActive}
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        onClick={() => setIsOpen(!isOpen)}
      >
        {label}
        <ChevronDown size={14} aria-hidden />
      </button>
      {isOpen && (
        // Buttons inside work by mouse and keyboard; their click bubbles up and closes the panel.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
        <div
          className="popover-panel"
          data-panel
          data-align={align}
          role="dialog"
          aria-label={name}
          onClick={({ target }) => {
            if (target instanceof Element && target.closest('[data-close]') !== null) close()
          }}
        >
          {children}
        </div>
      )}
    </div>
  )
}
