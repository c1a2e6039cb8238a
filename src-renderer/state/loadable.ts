// The four states in which a view can be drawn.
import type { WireError } from '../../src-shared/run/errors.ts'

export type Loadable<Value> =
  | { readonly status: 'idle' }
  | { readonly status: 'loading' }
  /** `isRefreshing`: the value is still shown while its successor is on the way. */
  | { readonly status: 'ready'; readonly value: Value; readonly isRefreshing: boolean }
  | { readonly status: 'failed'; readonly error: WireError }

/** Whether an answer, or a newer one, is on the way. */
export const isBusy = (response: Loadable<unknown>): boolean =>
  response.status === 'idle' || response.status === 'loading' || (response.status === 'ready' && response.isRefreshing)

export const idle: Loadable<never> = { status: 'idle' }
export const loading: Loadable<never> = { status: 'loading' }
