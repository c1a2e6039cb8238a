// Keeps a view's data in step with what it asks for: a new request drops the old one, and the old value stays until then.
import { useEffect, useRef, useState } from 'react'
import { toWireError } from '../../src-shared/errors.ts'
import type { Channel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc-contract.ts'
import { request } from '../bridge.ts'
import { idle, loading, type Loadable } from './loadable.ts'

/** Requests that follow one another faster than this are waited out. */
const settleMs = 40

interface Settled<Value> {
  readonly key: string
  readonly keepWhile: string
  readonly state: Loadable<Value>
}

/** `payload` null: nothing is asked. `keepWhile`: while this stays the same, the old value is shown until the new one is there. */
export const useRequest = <Name extends Channel>(
  channel: Name,
  payload: ChannelRequest<Name> | null,
  keepWhile = '',
): Loadable<ChannelResponse<Name>> => {
  const [settled, setSettled] = useState<Settled<ChannelResponse<Name>> | null>(null)
  const askedAt = useRef(0)
  const key = JSON.stringify(payload)

  useEffect(() => {
    const asked = JSON.parse(key) as ChannelRequest<Name> | null
    if (asked === null) return undefined
    let isDropped = false
    const settle = (state: Loadable<ChannelResponse<Name>>): void => {
      if (!isDropped) setSettled({ key, keepWhile, state })
    }
    const wait = performance.now() - askedAt.current < settleMs ? settleMs : 0
    askedAt.current = performance.now()
    const timer = setTimeout(() => {
      request(channel, asked).then(
        (value) => settle({ status: 'ready', value, isRefreshing: false }),
        (error: unknown) => settle({ status: 'failed', error: toWireError(error) }),
      )
    }, wait)
    return () => {
      isDropped = true
      clearTimeout(timer)
    }
  }, [channel, key, keepWhile])

  if (payload === null) return idle
  if (settled === null) return loading
  if (settled.key === key && settled.keepWhile === keepWhile) return settled.state
  return settled.keepWhile === keepWhile && settled.state.status === 'ready' ? { ...settled.state, isRefreshing: true } : loading
}
