// Rows of a long list, fetched page by page as they come into view; a changed question drops what was fetched.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Channel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc-contract.ts'
import { request } from '../bridge.ts'
import { PageStore, pageSize, type PagesSnapshot } from './page-store.ts'

export interface PagedRows<Row, Answer> extends PagesSnapshot<Answer> {
  readonly rowAt: (index: number) => Row | undefined
  readonly onRange: (from: number, to: number) => void
  /** The rows shown still answer the last question. */
  readonly isRefreshing: boolean
}

/** `rowsOf` must be stable. `version`: raised when the same question has another answer. */
export const usePages = <Name extends Channel, Row>(
  channel: Name,
  question: Omit<ChannelRequest<Name>, 'offset' | 'limit'>,
  rowsOf: (answer: ChannelResponse<Name>) => { readonly rows: readonly Row[]; readonly total: number },
  version = 0,
): PagedRows<Row, ChannelResponse<Name>> => {
  const key = `${version} ${JSON.stringify(question)}`
  const store = useMemo(() => {
    const asked = JSON.parse(key.slice(key.indexOf(' ') + 1)) as object
    return new PageStore<Row, ChannelResponse<Name>>(async (offset, limit) => {
      const answer = await request(channel, { ...asked, offset, limit } as unknown as ChannelRequest<Name>)
      return { ...rowsOf(answer), answer }
    })
  }, [channel, key, rowsOf])
  useEffect(() => store.ensure(0, pageSize), [store])
  const latest = useSyncExternalStore(store.subscribe, store.snapshot)
  const [shown, setShown] = useState(store)
  if (shown !== store && (latest.total !== null || latest.error !== null)) setShown(store)
  const isRefreshing = shown !== store
  const snapshot = useSyncExternalStore(shown.subscribe, shown.snapshot)
  return { ...snapshot, error: latest.error, rowAt: shown.rowAt, onRange: shown.ensure, isRefreshing }
}
