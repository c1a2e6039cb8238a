// The report as PDF on A4: a page with the finding and what to do, then figures, pictures and tables.
import { decode, encode } from 'fast-png'
import {
  contentBottom,
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
} from './pdf-document.ts'
import { toReportText } from './printable-text.ts'
import type { ReportContent } from './report-content.ts'

/** PDF bytes; the same run gives the same bytes. */
export const renderPdfReport = (content: ReportContent, fonts: ReportFonts): Promise<Uint8Array> =>
  renderPdf({ title: content.title, madeAt: content.analyzedAt, stamp: content.stamp }, fonts, (document) => {
    writeHead(document, content)
    for (const table of content.summary.tables) writeTable(document, table)
    writeHeading(document, 'How far to trust it', 40)
    writeParagraph(document, content.summary.trust)
    document.addPage()
    writeFacts(document, content.facts)
    for (const { title, png } of content.pictures) writePicture(document, title, png)
    for (const table of content.tables) writeTable(document, table)
    writeNotes(document, content.notes)
  })

/** Known to the library, not to its types. */
interface ImageOpener {
  readonly openImage: (png: Buffer) => { readonly width: number; readonly height: number }
}

const writeHead = (document: PdfDocument, content: ReportContent): void => {
  writeTitle(document, content.title, content.subtitle)
  document.y += 10
  document.font('bold').fontSize(13).fillColor('#000').text(toReportText(content.finding))
  if (content.findingNote === '') return
  document.y += 4
  document.font('regular').fontSize(9).fillColor(muted).text(toReportText(content.findingNote))
}

const writeFacts = (document: PdfDocument, facts: ReportContent['facts']): void => {
  writeHeading(document, 'Figures', 40)
  document.y += 4
  const half = (contentWidth(document) - 24) / 2
  const top = document.y
  facts.forEach(([name, value], index) => {
    const x = margin + (index % 2) * (half + 24)
    const y = top + Math.floor(index / 2) * 18
    document.font('regular').fontSize(9).fillColor(muted).text(toReportText(name), x, y, { width: half, lineBreak: false })
    document.font('bold').fillColor('#000').text(toReportText(value), x, y, { width: half, align: 'right', lineBreak: false })
    document
      .moveTo(x, y + 13)
      .lineTo(x + half, y + 13)
      .lineWidth(0.5)
      .strokeColor(hairline)
      .stroke()
  })
  document.y = top + Math.ceil(facts.length / 2) * 18
}

/** PDFKit splits an alpha channel off in the background, and two pictures would end in either order. Ours are opaque. */
const withoutAlpha = (png: Uint8Array): Buffer => {
  const { width, height, data, channels } = decode(png)
  if (channels !== 4) return Buffer.from(png)
  const opaque = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) opaque[3 * pixel + channel] = data[4 * pixel + channel]!
  }
  return Buffer.from(encode({ width, height, data: opaque, channels: 3 }))
}

const writePicture = (document: PdfDocument, title: string, picture: Uint8Array): void => {
  const png = withoutAlpha(picture)
  const image = (document as unknown as ImageOpener).openImage(png)
  const width = contentWidth(document)
  const height = Math.min((width * image.height) / image.width, contentBottom(document) - margin - 40)
  writeHeading(document, title, height + 30)
  document.image(png, margin, document.y, { fit: [width, height] })
  document.y += height + 4
}

const writeNotes = (document: PdfDocument, notes: readonly string[]): void => {
  if (notes.length === 0) return
  writeHeading(document, 'Notes', 40)
  for (const note of notes) {
    document
      .font('regular')
      .fontSize(8)
      .fillColor('#000')
      .text(`– ${toReportText(note)}`, margin, document.y, { width: contentWidth(document) })
    document.y += 3
  }
}
