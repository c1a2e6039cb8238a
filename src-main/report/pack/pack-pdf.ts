// The pack as PDF on A4; its annex names the numbers of the pages.
import {
  contentWidth,
  hairline,
  margin,
  muted,
  renderPdf,
  writeHeading,
  writeParagraph,
  writeTable,
  writeTitle,
  type PdfDocument,
  type ReportFonts,
} from '../pdf-document.ts'
import { toReportText } from '../printable-text.ts'
import { textColumn } from '../report-table.ts'
import type { PackContent, PackPage } from './pack-content.ts'

/** PDF bytes; the same history gives the same bytes. */
export const renderPackPdf = (content: PackContent, fonts: ReportFonts): Promise<Uint8Array> =>
  renderPdf({ title: content.title, madeAt: content.madeAt, stamp: content.stamp }, fonts, (document) => {
    writeTitle(document, content.title, content.subtitle)
    document.y += 10
    document.font('bold').fontSize(13).fillColor('#000').text(toReportText(content.finding))
    const numbers = new Map<string, number>()
    content.pages.forEach((page, index) => {
      if (index > 0) document.addPage()
      numbers.set(page.name, document.bufferedPageRange().count)
      writePage(document, page)
    })
    document.addPage()
    writeAnnex(document, content, numbers)
  })

const writePage = (document: PdfDocument, { title, paragraphs, fields, tables }: PackPage): void => {
  writeHeading(document, title, 40)
  for (const paragraph of paragraphs) {
    writeParagraph(document, paragraph)
    document.y += 6
  }
  if (fields !== undefined) writeFields(document, fields)
  for (const table of tables) writeTable(document, table)
  if (tables.length === 0 && fields === undefined) writeParagraph(document, 'Nothing in this run.')
}

const fieldHeight = 20
const fieldNameWidth = 110

const writeFields = (document: PdfDocument, fields: NonNullable<PackPage['fields']>): void => {
  document.y += 4
  for (const [name, value] of fields) {
    const { y } = document
    document.font('regular').fontSize(9).fillColor(muted).text(toReportText(name), margin, y, { lineBreak: false })
    document.fillColor('#000').text(toReportText(value), margin + fieldNameWidth, y, { lineBreak: false })
    document
      .moveTo(margin + fieldNameWidth, y + 13)
      .lineTo(margin + contentWidth(document), y + 13)
      .lineWidth(0.5)
      .strokeColor(hairline)
      .stroke()
    document.y = y + fieldHeight
  }
}

const writeAnnex = (document: PdfDocument, { annex }: PackContent, numbers: ReadonlyMap<string, number>): void => {
  writeHeading(document, annex.title, 40)
  for (const paragraph of annex.paragraphs) writeParagraph(document, paragraph)
  writeTable(document, {
    title: 'Points and pages',
    columns: [textColumn('Point'), textColumn('Subject'), textColumn('Page')],
    rows: annex.points.map(({ point, subject, pages }) => [point, subject, pages.map((name) => numbers.get(name)).join(', ')]),
  })
}
