// A modal dialog over the views; the browser traps the focus and restores it on close.
import { useEffect, useRef, type ReactNode } from 'react'

export const Overlay = ({
  label,
  size = 'small',
  onClose,
  children,
}: {
  readonly label: string
  readonly size?: 'small' | 'large'
  readonly onClose: () => void
  readonly children: ReactNode
}) => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const { current } = dialog
    current?.showModal()
    return () => current?.close()
  }, [])
  return (
    // A click on the backdrop reaches the dialog itself; Escape fires the dialog's `cancel`.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className="overlay"
      data-size={size}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={({ target }) => {
        if (target === dialog.current) onClose()
      }}
    >
      <div className="overlay-inner">{children}</div>
    </dialog>
  )
}
