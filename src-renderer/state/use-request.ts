// Keeps a view's data in step with what it asks for: a new request drops the old one, and the old value stays until then.
import { useEffect, useRef, useState } from 'react'
import { toWireError } from '../../src-shared/run/errors.ts'
import type { Channel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc/ipc-contract.ts'
import { request } from '../ipc/bridge.ts'
import { idle, loading, type Loadable } from './loadable.ts'

/** Requests that follow one another faster than this are waited out. */
const debounceMs = 40

interface SettledRequest<Value> {
  readonly key: string
  readonly scope: string
  readonly state: Loadable<Value>
}

/** `payload` null: nothing is asked. `keepWhile`: while this stays the same, the old value is shown until the new one is there. */
export const useRequest = <Name extends Channel>(
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
