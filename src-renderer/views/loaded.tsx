// Renders a response in its four states (idle, loading, failed, ready), and the empty state of the filter.
import type { ReactNode } from 'react'
import type { Loadable } from '../state/use-request.ts'
import { EmptyState } from '../components/empty-state.tsx'
import { clearFilter } from '../state/navigation.ts'
import { ErrorPanel } from '../components/error-panel.tsx'

export interface LoadedProps<Value> {
  readonly response: Loadable<Value>
  /** Text while loading. */
  readonly loadingText?: string
  readonly children: (value: Value) => ReactNode
}

export const Loaded = <Value,>({ response, loadingText, children }: LoadedProps<Value>) => {
  switch (response.status) {
    case 'idle':
    case 'loading':
      return <Loading text={loadingText} />
    case 'failed':
      return (
        <div className="view-failure">
          <ErrorPanel error={response.error} />
        </div>
      )
    case 'ready':
      return <>{children(response.value)}</>
  }
}

export const Loading = ({ text = 'Loading run …' }: { readonly text?: string | undefined }) => <p className="chart-wait">{text}</p>

export const NoMatchingServers = () => (
  <EmptyState title="No servers match the filter" action={{ label: 'Clear filter', onClick: clearFilter }}>
    Change or clear the filter to see servers.
  </EmptyState>
)
