// Draws an answer in its four states: nothing asked or on the way, failed, or there.
import type { ReactNode } from 'react'
import type { Loadable } from '../state/loadable.ts'
import { ErrorPanel } from './error-panel.tsx'

export interface LoadedProps<Value> {
  readonly answer: Loadable<Value>
  /** What is being waited for. */
  readonly waiting?: string
  readonly children: (value: Value) => ReactNode
}

export const Loaded = <Value,>({ answer, waiting = 'Reading the run …', children }: LoadedProps<Value>) => {
  switch (answer.status) {
    case 'idle':
    case 'loading':
      return <p className="chart-wait">{waiting}</p>
    case 'failed':
      return (
        <div className="view-failure">
          <ErrorPanel error={answer.error} />
        </div>
      )
    case 'ready':
      return <>{children(answer.value)}</>
  }
}
