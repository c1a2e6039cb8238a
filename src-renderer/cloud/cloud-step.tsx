// One of the three steps of a cloud job: a heading that folds its fields, which happens by itself when the step is done.
import { ChevronDown, ChevronRight, CircleCheck } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'

export interface CloudStepProps {
  readonly number: number
  readonly title: string
  readonly isDone: boolean
  /** Stays in sight while the fields are folded. */
  readonly summary: ReactNode
  readonly children: ReactNode
}

export const CloudStep = ({ number, title, isDone, summary, children }: CloudStepProps) => {
  // What the user chose counts until the step is done, or no longer is.
  const [choice, setChoice] = useState<boolean | null>(null)
  const [wasDone, setWasDone] = useState(isDone)
  if (wasDone !== isDone) {
    setWasDone(isDone)
    setChoice(null)
  }
  const isOpen = choice ?? !isDone
  const heading = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(isOpen)
  useEffect(() => {
    // A field that had the focus is gone.
    if (wasOpen.current && !isOpen && document.activeElement === document.body) heading.current?.focus()
    wasOpen.current = isOpen
  }, [isOpen])
  const Chevron = isOpen ? ChevronDown : ChevronRight
  return (
    <section className="cloud-step" aria-label={title} data-done={isDone}>
      <h2>
        <button ref={heading} type="button" aria-expanded={isOpen} onClick={() => setChoice(!isOpen)}>
          {isDone ? <CircleCheck size={16} aria-label="Done:" /> : <span className="cloud-step-number">{number}</span>}
          {title}
          <Chevron size={14} aria-hidden />
        </button>
      </h2>
      {summary}
      <div className="cloud-step-body" hidden={!isOpen}>
        {children}
      </div>
    </section>
  )
}
