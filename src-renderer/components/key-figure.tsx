// A key figure: label, value and note; a button where it opens the view with the details.

export interface KeyFigureProps {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly isAlert?: boolean
  readonly onOpen?: (() => void) | undefined
}

export const KeyFigure = ({ label, value, note, isAlert = false, onOpen }: KeyFigureProps) => {
  const content = (
    <>
      <span className="key-figure-label">{label}</span>
      <span className="key-figure-value">{value}</span>
      <span className="muted">{note}</span>
    </>
  )
  return onOpen === undefined ? (
    <div className="key-figure" data-alarming={isAlert}>
      {content}
    </div>
  ) : (
    <button type="button" className="key-figure" data-alarming={isAlert} onClick={onOpen}>
      {content}
    </button>
  )
}
