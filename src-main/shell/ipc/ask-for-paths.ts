// Asks the user for files and folders that something else named: a link, a saved form, an earlier run or the page.
import { resolve } from 'node:path'
import { dialog, type BrowserWindow } from 'electron'
import { toPlainSentence } from '../../../src-shared/run/errors.ts'
import type { PathPurpose } from './granted-paths.ts'

const maxListed = 10

const questions: Readonly<Record<PathPurpose, { readonly message: string; readonly button: string }>> = {
  open: { message: 'Open what you did not choose yourself?', button: 'Open' },
  upload: { message: 'Upload what you did not choose yourself?', button: 'Upload' },
}

/** False where the user declines. */
export const askForPaths = async (window: BrowserWindow | undefined, purpose: PathPurpose, paths: readonly string[]): Promise<boolean> => {
  const { message, button } = questions[purpose]
  // Where a path leads, on one line.
  const listed = paths.slice(0, maxListed).map((path) => (/^s3:/i.test(path) ? toPlainSentence(path) : toPlainSentence(resolve(path))))
  const question = {
    type: 'question' as const,
    title: 'Headroom',
    message,
    detail: [...listed, ...(paths.length > maxListed ? [`and ${paths.length - maxListed} more`] : [])].join('\n'),
    buttons: [button, 'Cancel'],
    defaultId: 1,
    cancelId: 1,
    noLink: true,
  }
  const { response } = await (window === undefined ? dialog.showMessageBox(question) : dialog.showMessageBox(window, question))
  return response === 0
}
