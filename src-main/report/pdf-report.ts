// The report as PDF on A4: a page with the finding and what to do, then figures, pictures and tables; a stamp and a number on each page.
import { decode, encode } from 'fast-png'
import PdfKit from 'pdfkit'
import { toReportText, type ReportContent } from './report-content.ts'
import type { ReportTable } from './report-table.ts'

export interface ReportFonts {
  readonly regular: string
  readonly bold: string
}

const margin = 48
const muted = '#57606a'
const hairline = '#d8dee4'
const rowGap = 4
const columnGap = 10

/** PDF bytes; the same run gives the same bytes. */
export const renderPdfReport = (content: ReportContent, fonts: ReportFonts): Promise<Uint8Array> => {
  const document = new PdfKit({
    size: 'A4',
    margin,
    bufferPages: true,
    font: fonts.regular,
    info: { Title: toReportText(content.title), Creator: 'Headroom', CreationDate: new Date(content.analyzedAt ?? 0) },
  })
  document.registerFont('regular', fonts.regular)
  document.registerFont('bold', fonts.bold)
  const chunks: Uint8Array[] = []
  const done = new Promise<Uint8Array>((resolve, reject) => {
    document.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    document.on('end', () => resolve(Buffer.concat(chunks)))
    document.on('error', reject)
  })
  writeHead(document, content)
  for (const table of content.summary.tables) writeTable(document, table)
  writeTrust(document, content.summary.trust)
  document.addPage()
  writeFacts(document, content.facts)
  for (const { title, png } of content.pictures) writePicture(document, title, png)
  for (const table of content.tables) writeTable(document, table)
  writeNotes(document, content.notes)
  stampPages(document, content.stamp)
  document.end()
  return done
}

type Document = InstanceType<typeof PdfKit>

/** Known to the library, not to its types. */
interface ImageOpener {
  readonly openImage: (png: Buffer) => { readonly width: number; readonly height: number }
}

const contentWidth = ({ page }: Document): number => page.width - 2 * margin
const contentBottom = ({ page }: Document): number => page.height - margin - 16

const writeHeading = (document: Document, title: string, space: number): void => {
  if (document.y + space > contentBottom(document)) document.addPage()
  else document.y += 14
  document.font('bold').fontSize(13).fillColor('#000').text(toReportText(title), margin, document.y)
  document.y += 4
}

const writeHead = (document: Document, content: ReportContent): void => {
  document.font('bold').fontSize(20).text(toReportText(content.title), margin, margin)
  document.font('regular').fontSize(9).fillColor(muted).text(toReportText(content.subtitle))
  document.y += 10
  document.font('bold').fontSize(13).fillColor('#000').text(toReportText(content.finding))
  if (content.findingNote === null) return
  document.y += 4
  document.font('regular').fontSize(9).fillColor(muted).text(toReportText(content.findingNote))
}

const writeTrust = (document: Document, trust: string): void => {
  writeHeading(document, 'How far to trust it', 40)
  document
    .font('regular')
    .fontSize(9)
    .text(toReportText(trust), margin, document.y, { width: contentWidth(document) })
}

const writeFacts = (document: Document, facts: ReportContent['facts']): void => {
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

const writePicture = (document: Document, title: string, picture: Uint8Array): void => {
  const png = withoutAlpha(picture)
  const image = (document as unknown as ImageOpener).openImage(png)
  const width = contentWidth(document)
  const height = Math.min((width * image.height) / image.width, contentBottom(document) - margin - 40)
  writeHeading(document, title, height + 30)
  document.image(png, margin, document.y, { fit: [width, height] })
  document.y += height + 4
}

/** Columns of numbers get the width they need, columns of text share the rest. */
const columnWidths = (document: Document, { columns, rows }: ReportTable): number[] => {
  const titles = columns.map(({ title }) => document.font('bold').fontSize(8).widthOfString(title) + 4)
  document.font('regular').fontSize(8)
  const naturalWidths = columns.map((_, index) =>
    Math.max(titles[index] ?? 0, ...rows.slice(0, 100).map((row) => document.widthOfString(toReportText(row[index] ?? '')))),
  )
  const space = contentWidth(document) - columnGap * (columns.length - 1)
  const total = naturalWidths.reduce((sum, width) => sum + width, 0)
  if (total <= space) return naturalWidths.map((width) => width + (space - total) / columns.length)
  const cappedWidths = naturalWidths.map((width) => Math.min(width, space / columns.length))
  const remaining = space - cappedWidths.reduce((sum, width) => sum + width, 0)
  const longest = naturalWidths.indexOf(Math.max(...naturalWidths))
  return cappedWidths.map((width, index) => (index === longest ? width + remaining : width))
}

const writeTable = (document: Document, table: ReportTable): void => {
  writeHeading(document, table.title, 80)
  if (table.note !== undefined) document.font('regular').fontSize(8).fillColor(muted).text(toReportText(table.note))
  const widths = columnWidths(document, table)
  const write = (cells: readonly string[], font: 'regular' | 'bold'): void => {
    document.font(font).fontSize(8)
    const height = Math.max(
      ...cells.map((cell, index) => document.heightOfString(toReportText(cell) || ' ', { width: widths[index] ?? 40 })),
    )
    if (document.y + height + 2 * rowGap > contentBottom(document)) {
      document.addPage()
      if (font === 'regular')
        write(
          table.columns.map(({ title }) => title),
          'bold',
        )
      document.font(font).fontSize(8)
    }
    const y = document.y + rowGap
    let x = margin
    cells.forEach((cell, index) => {
      const width = widths[index] ?? 40
      document
        .fillColor(font === 'bold' ? muted : '#000')
        .text(toReportText(cell), x, y, { width, align: table.columns[index]?.isNumber === true ? 'right' : 'left' })
      x += width + columnGap
    })
    document.y = y + height + rowGap
    document
      .moveTo(margin, document.y)
      .lineTo(margin + contentWidth(document), document.y)
      .lineWidth(0.5)
      .strokeColor(hairline)
      .stroke()
  }
  write(
    table.columns.map(({ title }) => title),
    'bold',
  )
  for (const row of table.rows) write(row, 'regular')
}

const writeNotes = (document: Document, notes: readonly string[]): void => {
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

const stampPages = (document: Document, stamp: string): void => {
  const { start, count } = document.bufferedPageRange()
  for (let page = start; page < start + count; page++) {
    document.switchToPage(page)
    const y = document.page.height - margin + 4
    // Below the margin: the page would otherwise be broken for this line.
    document.page.margins.bottom = 0
    document.font('regular').fontSize(8).fillColor(muted)
    document.text(toReportText(stamp), margin, y, { height: 10, ellipsis: true, width: contentWidth(document) - 60 })
    document.text(`${page + 1} of ${count}`, margin, y, { lineBreak: false, width: contentWidth(document), align: 'right' })
  }
}
