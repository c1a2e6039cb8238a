// Durations, costs and states as the cloud view shows them.
import type { CloudRunView } from '../../src-shared/ipc/cloud-contract.ts'

export const formatUsd = (usd: number): string => new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' }).format(usd)

export const formatGigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** "2 min 5 s" between two ISO times; "" where one is missing. */
export const formatDuration = (from: string | null, to: string | null): string => {
  if (from === null || to === null) return ''
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`
}

/** One word for the state of a cloud run. */
export const runStateLabel = ({ stage, status, error, isLive }: CloudRunView): string => {
  if (stage === 'home') return 'Downloaded'
  if (error !== null && !isLive) return status === 'Stopped' ? 'Stopped' : status === 'Completed' ? 'Incomplete' : 'Failed'
  if (status !== null) return status === 'InProgress' ? 'Running' : status
  return isLive ? 'Uploading' : 'Not submitted'
}
