// Rows of a long list, fetched page by page as they scroll into view; a changed query drops the loaded pages.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { WindowChannel, ChannelRequest, ChannelResponse } from '../../src-shared/ipc/ipc-contract.ts'
import { request } from '../ipc/bridge.ts'
import { PageStore, pageSize, type PagesSnapshot } from './page-store.ts'

export interface PagedRows<Row, PageResponse> extends PagesSnapshot<PageResponse> {
  readonly rowAt: (index: number) => Row | undefined
  readonly onRange: (from: number, to: number) => void
  /** The rows shown belong to the previous query. */
  readonly isRefreshing: boolean
}

/** `selectRows` must be stable. `version`: increment it to load the same query again. */
export const usePages = <Name extends WindowChannel, Row>(
  channel: Name,
  query: Omit<ChannelRequest<Name>, 'offset' | 'limit'>,
  selectRows: (response: ChannelResponse<Name>) => { readonly rows: readonly Row[]; readonly total: number },
  version = 0,
): PagedRows<Row, ChannelResponse<Name>> => {
  const key = `${version} ${JSON.stringify(query)}`
  const store = useMemo(() => {
    const params = JSON.parse(key.slice(key.indexOf(' ') + 1)) as object
    return new PageStore<Row, ChannelResponse<Name>>(async (offset, limit) => {
      const response = await request(channel, { ...params, offset, limit } as unknown as ChannelRequest<Name>)
      return { ...selectRows(response), response }
    })
  }, [channel, key, selectRows])
  useEffect(() => store.ensureLoaded(0, pageSize), [store])
  const latestSnapshot = useSyncExternalStore(store.subscribe, store.snapshot)
  const [shownStore, setShownStore] = useState(store)
  if (shownStore !== store && (latestSnapshot.total !== null || latestSnapshot.error !== null)) setShownStore(store)
  const isRefreshing = shownStore !== store
  const snapshot = useSyncExternalStore(shownStore.subscribe, shownStore.snapshot)
  return { ...snapshot, error: latestSnapshot.error, rowAt: shownStore.rowAt, onRange: shownStore.ensureLoaded, isRefreshing }
}
