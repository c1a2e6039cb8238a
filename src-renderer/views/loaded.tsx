// Draws an answer in its four states: nothing asked or on the way, failed, or there.
import type { ReactNode } from 'react'
import type { Loadable } from '../state/loadable.ts'
import { ErrorPanel } from '../components/error-panel.tsx'

export interface LoadedProps<Value> {
  readonly response: Loadable<Value>
  /** What is being waited for. */
  readonly loadingText?: string
  readonly children: (value: Value) => ReactNode
}

export const Loaded = <Value,>({ response, loadingText = 'Reading the run …', children }: LoadedProps<Value>) => {
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
