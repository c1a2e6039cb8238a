// Copies text, and the link to the current view, to the clipboard.
import { formatDeepLink } from '../../src-shared/ipc/deep-link.ts'
import { request } from '../ipc/bridge.ts'
import { notifyResult } from './notify.ts'
import { useWindowState } from './window-state.ts'

export const copyText = async (text: string): Promise<void> => {
  await request('clipboard.write', { text })
}

/** `suffix`: further information, such as the number of missing rows. */
export const copyWithNotice = (text: string, subject: string, suffix = ''): Promise<void> =>
  notifyResult(async () => {
    await copyText(text)
    return `${subject} copied${suffix}.`
  })

/** A link that opens this run in this view with this filter. */
const currentViewLink = (): string | null => {
  const { run, view, metric, filter, selectedServer } = useWindowState.getState()
  return run === null ? null : formatDeepLink({ path: run.folder, view, metric, server: selectedServer, filter })
}

export const copyLink = async (): Promise<void> => {
  const link = currentViewLink()
  if (link !== null) await copyWithNotice(link, 'Link')
}
