// Where a table lies: a file, or one sheet of a workbook as FILE.xlsx#SHEET.
import { open, stat } from 'node:fs/promises'

export interface TablePath {
  readonly file: string
  readonly sheet: string | undefined
}

/** A file whose own name holds the mark is that file. */
export const parseTablePath = async (path: string): Promise<TablePath> => {
  const [, file, sheet] = /^(.+\.xls[xm])#(.+)$/i.exec(path) ?? []
  if (file === undefined || (await stat(path).catch(() => null)) !== null) return { file: path, sheet: undefined }
  return { file, sheet }
}

/** By its name or its first bytes: a ZIP archive, or the older container that also holds workbooks with a password. */
export const isWorkbook = async (path: string): Promise<boolean> => {
  if (/\.xls[xm]$/i.test(path)) return true
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return ['504b0304', 'd0cf11e0'].includes(buffer.toString('hex', 0, bytesRead))
  } finally {
    await file.close()
  }
}
