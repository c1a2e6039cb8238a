// Renders a reading that takes long for large runs: its step and share with a way to cancel it, then its value.
import type { ReactNode } from 'react'
import { EmptyState } from '../components/empty-state.tsx'
import type { Reading } from '../state/use-reading.ts'
import { formatting } from '../theme/formatting.ts'
import { Loaded } from './loaded.tsx'

export const LoadedReading = <Value,>({
  reading: { response, progress, cancel, restart },
  loadingText,
  children,
}: {
  readonly reading: Reading<Value>
  readonly loadingText: string
  readonly children: (value: Value) => ReactNode
}) => {
  if (response.status === 'failed' && response.error.code === 'cancelled')
    return (
      <EmptyState title="Cancelled" action={{ label: 'Start again', onClick: restart }}>
        Nothing was changed.
      </EmptyState>
    )
  if (response.status !== 'loading' || progress === null) {
    return (
      <Loaded response={response} loadingText={loadingText}>
        {children}
      </Loaded>
    )
  }
  return (
    <div className="chart-wait reading">
      <p role="status">
        {progress.label} … {formatting.value(Math.floor(progress.share * 100), '%')}
      </p>
      <progress max={1} value={progress.share} aria-label={progress.label} />
      <button type="button" className="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  )
}
