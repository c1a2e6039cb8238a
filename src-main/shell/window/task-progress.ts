// Progress of an analysis on the task bar, and a notification when a long one ends in the background.
import { Notification, type BrowserWindow } from 'electron'
import type { Push } from '../../../src-shared/ipc/ipc-contract.ts'

const longTaskMs = 20_000
const noProgress = -1

let startedAtMs = 0

export const showTaskProgress = (window: BrowserWindow | undefined, message: Push): void => {
  if (window === undefined || message.type !== 'analysis.event') return
  const { event } = message
  if (event.type === 'step') {
    if (startedAtMs === 0) startedAtMs = Date.now()
    window.setProgressBar(event.progress)
    return
  }
  if (event.type !== 'finished' && event.type !== 'failed' && event.type !== 'cancelled') return
  window.setProgressBar(noProgress)
  const isLong = startedAtMs > 0 && Date.now() - startedAtMs > longTaskMs
  startedAtMs = 0
  if (!isLong || window.isFocused() || !Notification.isSupported() || event.type === 'cancelled') return
  const content =
    event.type === 'finished'
      ? { title: 'The analysis is done', body: `${event.counts.at_risk_servers} of ${event.counts.total_servers} servers are at risk.` }
      : { title: 'The analysis failed', body: event.error.message }
  const notification = new Notification(content)
  notification.on('click', () => window.focus())
  notification.show()
}
