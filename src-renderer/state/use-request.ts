// Keeps a view's data in step with what it asks for: a new request drops the old one, and the old value stays until then.
import { useEffect, useRef, useState } from 'react'
import { toWireError } from '../../src-shared/errors.ts'
import type { Channel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc-contract.ts'
import { request } from '../bridge.ts'
import { idle, loading, type Loadable } from './loadable.ts'

/** Requests that follow one another faster than this are waited out. */
const settleMs = 40

/** `payload` null: nothing is asked. `keepWhile`: while this stays the same, the old value is shown until the new one is there. */
export const useRequest = <Name extends Channel>(
  channel: Name,
  payload: ChannelRequest<Name> | null,
  keepWhile = '',
): Loadable<ChannelResponse<Name>> => {
  const [state, setState] = useState<Loadable<ChannelResponse<Name>>>(payload === null ? idle : loading)
  const key = JSON.stringify(payload)
  const kept = useRef(keepWhile)
  const askedAt = useRef(0)

  useEffect(() => {
    const asked = JSON.parse(key) as ChannelRequest<Name> | null
    if (asked === null) {
      setState(idle)
      return undefined
    }
    const isSame = kept.current === keepWhile
    kept.current = keepWhile
    setState((last) => (isSame && last.status === 'ready' ? { ...last, isRefreshing: true } : loading))
    let isDropped = false
    const wait = performance.now() - askedAt.current < settleMs ? settleMs : 0
    askedAt.current = performance.now()
    const timer = setTimeout(() => {
      request(channel, asked).then(
        (value) => !isDropped && setState({ status: 'ready', value, isRefreshing: false }),
        (error: unknown) => !isDropped && setState({ status: 'failed', error: toWireError(error) }),
      )
    }, wait)
    return () => {
      isDropped = true
      clearTimeout(timer)
    }
  }, [channel, key, keepWhile])

  return state
}
