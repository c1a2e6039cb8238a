// Writes the pack of a history as HTML, PDF or PPTX, each file whole or not at all.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { readHistory, type HistoryOptions } from '../../queries/history/read-history.ts'
import { withRunFolder } from '../../queries/run/open-run-folder.ts'
import { replaceFile } from '../../run-folder/replace-file.ts'
import { resourcePath } from '../../run-folder/resource-path.ts'
import { readPackContent, type PackContent, type PackPeople } from './pack-content.ts'
import { renderPackHtml } from './pack-html.ts'
import { renderPackPdf } from './pack-pdf.ts'

/** `paths` end with .html, .pdf or .pptx. Throws run-not-found, run-damaged, file-not-written, cancelled. */
export const writePack = async (
  folder: string,
  paths: readonly string[],
  people: PackPeople,
  { signal, fleetOf, asOf }: HistoryOptions = {},
): Promise<void> => {
  const history = await readHistory(folder, { signal, fleetOf, asOf })
  const latest = join(history.folder, history.runs.at(-1)!.folder)
  const content = await withRunFolder(latest, (run) => readPackContent(run, history, people), signal)
  for (const path of paths) {
    const bytes = await renderAs(path, content)
    try {
      await replaceFile(path, (stagingPath) => writeFile(stagingPath, bytes))
    } catch (cause) {
      if (cause instanceof HeadroomError) throw cause
      throw new HeadroomError('file-not-written', `${path} cannot be written.`, { next: 'Name another file with --out.', cause })
    }
  }
}

const renderAs = async (path: string, content: PackContent): Promise<string | Uint8Array> => {
  if (path.toLowerCase().endsWith('.html')) return renderPackHtml(content)
  if (path.toLowerCase().endsWith('.pptx')) return (await import('./pack-pptx.ts')).renderPackPptx(content)
  return renderPackPdf(content, { regular: resourcePath('fonts', 'DejaVuSans.ttf'), bold: resourcePath('fonts', 'DejaVuSans-Bold.ttf') })
}
