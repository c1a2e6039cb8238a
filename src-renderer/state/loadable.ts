// The four states in which a view can be drawn.
import type { WireError } from '../../src-shared/errors.ts'

export type Loadable<Value> =
  | { readonly status: 'idle' }
  | { readonly status: 'loading' }
  /** `isRefreshing`: the value is still shown while its successor is on the way. */
  | { readonly status: 'ready'; readonly value: Value; readonly isRefreshing: boolean }
  | { readonly status: 'failed'; readonly error: WireError }

export const idle: Loadable<never> = { status: 'idle' }
export const loading: Loadable<never> = { status: 'loading' }
