// Renders a response in its four states: idle, loading, failed, ready.
import type { ReactNode } from 'react'
import type { Loadable } from '../state/use-request.ts'
import { ErrorPanel } from '../components/error-panel.tsx'

export interface LoadedProps<Value> {
  readonly response: Loadable<Value>
  /** Text while loading. */
  readonly loadingText?: string
  readonly children: (value: Value) => ReactNode
}

export const Loaded = <Value,>({ response, loadingText = 'Loading run …', children }: LoadedProps<Value>) => {
  switch (response.status) {
    case 'idle':
    case 'loading':
      return <p className="chart-wait">{loadingText}</p>
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
