// Files that leave the window: asks where to, remembers the folder, writes whole or not at all.
import { dirname, join } from 'node:path'
import { app, dialog, type BrowserWindow } from 'electron'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { replaceText } from '../../run-folder/replace-file.ts'

const kindNames: Readonly<Record<string, string>> = {
  png: 'PNG picture',
  svg: 'SVG picture',
  csv: 'CSV',
  tsv: 'Tab-separated text',
  md: 'Markdown',
  json: 'JSON',
  parquet: 'Parquet',
  xlsx: 'Excel workbook',
  html: 'Web page',
  pdf: 'PDF',
  pptx: 'PowerPoint presentation',
  txt: 'Text',
}

let lastFolder: string | undefined

/** null when the dialog is dismissed. */
export const chooseSavePath = async (window: BrowserWindow | undefined, name: string, kind: string): Promise<string | null> => {
  if (window === undefined) return null
  const { filePath, canceled } = await dialog.showSaveDialog(window, {
    defaultPath: join(lastFolder ?? app.getPath('documents'), name),
    filters: [{ name: kindNames[kind] ?? kind, extensions: [kind] }],
  })
  if (canceled || filePath === undefined || filePath === '') return null
  lastFolder = dirname(filePath)
  return filePath
}

/** Throws file-not-written. */
export const writeFileAtomically = async (path: string, content: string | Uint8Array): Promise<void> => {
  await replaceText(path, content).catch((cause: unknown) => {
    throw new HeadroomError('file-not-written', `${path} cannot be written.`, { cause })
  })
}
