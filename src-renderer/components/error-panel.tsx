// Shows an error: heading, cause, next step, and details to copy.
import { Copy, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { WireError } from '../../src-shared/run/errors.ts'
import { useExportActions } from './export-context.ts'
import { describeError } from './describe-error.ts'

export interface ErrorPanelProps {
  readonly error: WireError
  /** The file, folder or action that failed. */
  readonly subject?: string
  readonly onRetry?: (() => void) | undefined
  readonly onDismiss?: (() => void) | undefined
}

export const ErrorPanel = ({ error, subject, onRetry, onDismiss }: ErrorPanelProps) => {
  const { copyText } = useExportActions()
  const [isCopied, setIsCopied] = useState(false)
  const text = describeError(error.code)
  const details = [
    `Headroom: ${error.code}`,
    ...(subject === undefined ? [] : [`Subject: ${subject}`]),
    error.message,
    ...(error.sql === undefined ? [] : [error.sql.trim()]),
  ].join('\n')
  const copy = async (): Promise<void> => {
    await copyText(details)
    setIsCopied(true)
  }
  return (
    <section className="error-panel" role="alert">
      <TriangleAlert className="error-icon" size={20} aria-hidden />
      <div className="error-text">
        <h2>
          {text.heading}
          {subject !== undefined && <span className="error-subject"> – {subject}</span>}
        </h2>
        <p>{error.message}</p>
        <p className="error-next">{error.next ?? text.next}</p>
        <div className="actions">
          {onRetry !== undefined && (
            <button type="button" className="button" onClick={onRetry}>
              Try again
            </button>
          )}
          <button type="button" className="button" onClick={() => void copy()}>
            <Copy size={14} aria-hidden /> {isCopied ? 'Copied' : 'Copy details'}
          </button>
          {onDismiss !== undefined && (
            <button type="button" className="button quiet" onClick={onDismiss}>
              Dismiss
            </button>
          )}
        </div>
      </div>
    </section>
  )
}

/** For `ref`. */
export const scrollIntoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' })
