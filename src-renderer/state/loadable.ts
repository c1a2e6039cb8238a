// The four states in which a view can be drawn.
import type { WireError } from '../../src-shared/errors.ts'

export type Loadable<Value> =
  | { readonly status: 'idle' }
  | { readonly status: 'loading' }
  /** `isRefreshing`: the value is still shown while its successor is on the way. */
  | { readonly status: 'ready'; readonly value: Value; readonly isRefreshing: boolean }
  | { readonly status: 'failed'; readonly error: WireError }

/** Whether an answer, or a newer one, is on the way. */
export const isBusy = (answer: Loadable<unknown>): boolean =>
  answer.status === 'idle' || answer.status === 'loading' || (answer.status === 'ready' && answer.isRefreshing)

export const idle: Loadable<never> = { status: 'idle' }
export const loading: Loadable<never> = { status: 'loading' }
