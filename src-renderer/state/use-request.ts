// A hook that loads data for a view; a new request supersedes the old one.
import { useEffect, useRef, useState } from 'react'
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'
import type { WindowChannel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc/ipc-contract.ts'
import { request } from '../ipc/bridge.ts'

/** Requests that follow faster than this are debounced. */
const debounceMs = 40

interface SettledRequest<Value> {
  readonly key: string
  readonly scope: string
  readonly state: Loadable<Value>
}

/** `payload` null: no request. `scope`: while it is the same, the old value is shown until the new one arrives. */
export const useRequest = <Name extends WindowChannel>(
  channel: Name,
  payload: ChannelRequest<Name> | null,
  scope = '',
): Loadable<ChannelResponse<Name>> => {
  const [settled, setSettled] = useState<SettledRequest<ChannelResponse<Name>> | null>(null)
  const lastRequestMs = useRef(0)
  const key = JSON.stringify(payload)

  useEffect(() => {
    const params = JSON.parse(key) as ChannelRequest<Name> | null
    if (params === null) return undefined
    let isCancelled = false
    const settle = (state: Loadable<ChannelResponse<Name>>): void => {
      if (!isCancelled) setSettled({ key, scope, state })
    }
    const delayMs = performance.now() - lastRequestMs.current < debounceMs ? debounceMs : 0
    lastRequestMs.current = performance.now()
    const timer = setTimeout(() => {
      request(channel, params).then(
        (value) => settle({ status: 'ready', value, isRefreshing: false }),
        (error: unknown) => settle({ status: 'failed', error: toWireError(error) }),
      )
    }, delayMs)
    return () => {
      isCancelled = true
      clearTimeout(timer)
    }
  }, [channel, key, scope])

  if (payload === null) return idle
  if (settled === null) return loading
  if (settled.key === key && settled.scope === scope) return settled.state
  return settled.scope === scope && settled.state.status === 'ready' ? { ...settled.state, isRefreshing: true } : loading
}

export type Loadable<Value> =
  | { readonly status: 'idle' }
  | { readonly status: 'loading' }
  /** `isRefreshing`: the value is still shown while the next value is loading. */
  | { readonly status: 'ready'; readonly value: Value; readonly isRefreshing: boolean }
  | { readonly status: 'failed'; readonly error: WireError }

/** Whether a first or newer response is loading. */
export const isBusy = (response: Loadable<unknown>): boolean =>
  response.status === 'idle' || response.status === 'loading' || (response.status === 'ready' && response.isRefreshing)

export const idle: Loadable<never> = { status: 'idle' }
export const loading: Loadable<never> = { status: 'loading' }
