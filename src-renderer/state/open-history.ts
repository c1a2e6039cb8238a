// The history that the open run belongs to: the folder that was opened as one, or else the folder of the run.
import { useEffect, useState } from 'react'
import { toWireError } from '../../src-shared/run/errors.ts'
import type { HistoryRequest } from '../../src-shared/ipc/run-history.ts'
import { request } from '../ipc/bridge.ts'
import { fileNameOf } from './open-path.ts'
import { loading, type Loadable } from './use-request.ts'

/** null where the user granted no folder with further runs. `history`: the folder that was opened as one. */
export const findHistory = async (run: string, history: string | null): Promise<HistoryRequest | null> => {
  if (history !== null) return { folder: history, fleetOf: null }
  const { folder } = await request('history.find', { folder: run })
  return folder === null ? null : { folder, fleetOf: fileNameOf(run) }
}

export const useHistory = (run: string, history: string | null): Loadable<HistoryRequest | null> => {
  const [found, setFound] = useState<Loadable<HistoryRequest | null>>(loading)
  useEffect(() => {
    let isCancelled = false
    const settle = (state: Loadable<HistoryRequest | null>): void => {
      if (!isCancelled) setFound(state)
    }
    findHistory(run, history).then(
      (value) => settle({ status: 'ready', value, isRefreshing: false }),
      (error: unknown) => settle({ status: 'failed', error: toWireError(error) }),
    )
    return () => {
      isCancelled = true
    }
  }, [run, history])
  return found
}
