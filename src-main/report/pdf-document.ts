// The PDF pages of reports on A4: text, tables, and a stamp and a number at the foot of each page.
import PdfKit from 'pdfkit'
import { toReportText } from './printable-text.ts'
import { lightOfCell, type ReportTable } from './report-table.ts'

export interface ReportFonts {
  readonly regular: string
  readonly bold: string
}

export type PdfDocument = InstanceType<typeof PdfKit>

export const margin = 48
export const muted = '#57606a'
export const hairline = '#d8dee4'
const rowGap = 4
const columnGap = 10
const lightColours: Readonly<Record<string, string>> = { Red: '#b42318', Amber: '#935400', Green: '#1a7f37' }

/** `madeAt`: ISO 8601 UTC, the document's date; the same text gives the same bytes. */
export const renderPdf = (
  { title, madeAt, stamp }: { readonly title: string; readonly madeAt: string | null; readonly stamp: string },
  fonts: ReportFonts,
  write: (document: PdfDocument) => void,
): Promise<Uint8Array> => {
  const document = new PdfKit({
    size: 'A4',
    margin,
    bufferPages: true,
    font: fonts.regular,
    info: { Title: toReportText(title), Creator: 'Headroom', CreationDate: new Date(madeAt ?? 0) },
  })
  document.registerFont('regular', fonts.regular)
  document.registerFont('bold', fonts.bold)
  const chunks: Uint8Array[] = []
  const done = new Promise<Uint8Array>((resolve, reject) => {
    document.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    document.on('end', () => resolve(Buffer.concat(chunks)))
    document.on('error', reject)
  })
  write(document)
  stampPages(document, stamp)
  document.end()
  return done
}

export const contentWidth = ({ page }: PdfDocument): number => page.width - 2 * margin
export const contentBottom = ({ page }: PdfDocument): number => page.height - margin - 16

export const writeHeading = (document: PdfDocument, title: string, space: number): void => {
  if (document.y + space > contentBottom(document)) document.addPage()
  else document.y += 14
  document.font('bold').fontSize(13).fillColor('#000').text(toReportText(title), margin, document.y)
  document.y += 4
}

/** Title, a muted line below it, and the finding. */
export const writeTitle = (document: PdfDocument, title: string, subtitle: string): void => {
  document.font('bold').fontSize(20).text(toReportText(title), margin, margin)
  document.font('regular').fontSize(9).fillColor(muted).text(toReportText(subtitle))
}

export const writeParagraph = (document: PdfDocument, paragraph: string): void => {
  document
    .font('regular')
    .fontSize(9)
    .fillColor('#000')
    .text(toReportText(paragraph), margin, document.y, { width: contentWidth(document) })
}

/** Columns of numbers get the width they need, columns of text share the rest. */
const columnWidths = (document: PdfDocument, { columns, rows }: ReportTable): number[] => {
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

export const writeTable = (document: PdfDocument, table: ReportTable): void => {
  if (table.title !== '') writeHeading(document, table.title, 80)
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
      const light = table.columns[index]?.isLight === true ? lightColours[lightOfCell(cell) ?? ''] : undefined
      document
        .fillColor(font === 'bold' ? muted : (light ?? '#000'))
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

const stampPages = (document: PdfDocument, stamp: string): void => {
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
