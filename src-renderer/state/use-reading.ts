// A hook that loads what takes long for large runs: its progress, a way to cancel it, and a way to begin again.
import { useEffect, useState } from 'react'
import type { ChannelRequest, ChannelResponse } from '../../src-shared/ipc/ipc-contract.ts'
import type { ReadingProgress } from '../../src-shared/ipc/reading-progress.ts'
import { request } from '../ipc/bridge.ts'
import { isBusy, useRequest, type Loadable } from './use-request.ts'

/** The engine reads one of these at a time. */
type ReadingChannel = 'run.reconcile' | 'runs.compare'

const progressMs = 500

export interface Reading<Value> {
  readonly response: Loadable<Value>
  /** Null where it is not known (yet). */
  readonly progress: ReadingProgress | null
  readonly cancel: () => void
  readonly restart: () => void
}

/** `payload` null: nothing is read. Who leaves the view ends the reading. */
export const useReading = <Name extends ReadingChannel>(
  channel: Name,
  payload: ChannelRequest<Name> | null,
  scope: string,
): Reading<ChannelResponse<Name>> => {
  const [round, setRound] = useState(0)
  const response = useRequest(channel, payload, `${scope}\n${round}`)
  const [progress, setProgress] = useState<ReadingProgress | null>(null)
  const isReading = payload !== null && isBusy(response)
  useEffect(() => {
    if (!isReading) return undefined
    let isOver = false
    const watch = async (): Promise<void> => {
      const told = await request('reading.progress', {}).catch(() => null)
      if (!isOver) setProgress(told?.progress ?? null)
    }
    const timer = setInterval(() => void watch(), progressMs)
    return () => {
      isOver = true
      clearInterval(timer)
      setProgress(null)
    }
  }, [isReading])
  useEffect(() => cancelReading, [])
  return { response, progress, cancel: cancelReading, restart: () => setRound(round + 1) }
}

/** One that has ended by now is left as it is. */
const cancelReading = (): void => void request('reading.cancel', {}).catch(() => undefined)
