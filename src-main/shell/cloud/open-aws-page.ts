// Opens a page of AWS in the browser after asking; every other address is refused.
import { app, dialog, shell, type BrowserWindow } from 'electron'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { parseAwsUrl } from './aws-urls.ts'

/** Throws cloud-setup for an address that is not of AWS, cancelled where the user declines. */
export const openAwsPage = async (address: string, window: BrowserWindow | undefined): Promise<void> => {
  const page = parseAwsUrl(address, !app.isPackaged)
  if (page === null) {
    throw new HeadroomError('cloud-setup', 'An address that is no page of AWS is not opened.', {
      next: 'Check the endpoints in your AWS configuration.',
    })
  }
  const question = {
    type: 'question' as const,
    title: 'Headroom',
    message: `Open ${page.host} in your browser?`,
    detail: page.href.length > 300 ? `${page.href.slice(0, 300)}…` : page.href,
    buttons: ['Open', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  }
  const { response } = await (window === undefined ? dialog.showMessageBox(question) : dialog.showMessageBox(window, question))
  if (response !== 0) throw new HeadroomError('cancelled', 'The page was not opened.')
  await shell.openExternal(page.href)
}
