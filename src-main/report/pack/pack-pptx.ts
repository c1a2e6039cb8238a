// The pack as a presentation: a slide for each page, more where a table goes on, and an annex that names the numbers of the slides.
import PptxGenJS from 'pptxgenjs'
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import { toReportText } from '../printable-text.ts'
import { lightOfCell, textColumn, type ReportTable } from '../report-table.ts'
import type { PackContent, PackPage } from './pack-content.ts'

type Slide = ReturnType<PptxGenJS['addSlide']>

/** Inches. */
const width = 13.333
const margin = 0.5
const contentWidth = width - 2 * margin
const contentTop = 1.15
const contentBottom = 6.85
const lineHeight = 0.17
const cellPadding = 0.07
/** Of a character at the size of tables, on average; those of capitals and digits are wider. */
const characterWidth = 0.083
const tableFontSize = 9
/** Of a slide's title in one line at its usual size. */
const maxTitleLength = 70

const font = 'Arial'
const [ink, muted, hairline] = ['1F2328', '57606A', 'D8DEE4']
const lightColours: Readonly<Record<string, string>> = { Red: 'B42318', Amber: '935400', Green: '1A7F37' }

/** PPTX bytes; the same history gives the same bytes. */
export const renderPackPptx = async (content: PackContent): Promise<Uint8Array> => {
  const presentation = new PptxGenJS()
  presentation.layout = 'LAYOUT_WIDE'
  presentation.title = toReportText(content.title)
  presentation.author = 'Headroom'
  presentation.company = ''
  const slides: Slide[] = []
  const addSlide = (title: string): Slide => {
    const slide = presentation.addSlide()
    slides.push(slide)
    slide.addText(toReportText(title), {
      x: margin,
      y: 0.35,
      w: contentWidth,
      h: 0.6,
      fontFace: font,
      fontSize: title.length > maxTitleLength ? 16 : 22,
      bold: true,
      color: ink,
    })
    return slide
  }
  writeOpening(addSlide(content.title), content)
  const numbers = new Map<string, number>()
  for (const page of content.pages) {
    numbers.set(page.name, slides.length + 1)
    writePage(page, addSlide)
  }
  writePage(createAnnexPage(content, numbers), addSlide)
  for (const [index, slide] of slides.entries()) stampSlide(slide, content.stamp, `${index + 1} of ${slides.length}`)
  return normalise(new Uint8Array((await presentation.write({ outputType: 'arraybuffer' })) as ArrayBuffer), content.madeAt)
}

const writeOpening = (slide: Slide, { subtitle, finding }: PackContent): void => {
  const base = { x: margin, w: contentWidth, fontFace: font, valign: 'top' as const }
  slide.addText(toReportText(subtitle), { ...base, y: 0.95, h: 0.4, fontSize: 12, color: muted })
  slide.addText(toReportText(finding), { ...base, y: 2.4, h: 2, fontSize: 28, bold: true, color: ink })
}

type ShownPage = Pick<PackPage, 'title' | 'paragraphs' | 'tables' | 'fields'>

const createAnnexPage = ({ annex }: PackContent, numbers: ReadonlyMap<string, number>): ShownPage => ({
  title: annex.title,
  paragraphs: annex.paragraphs,
  tables: [
    {
      title: 'Points and slides',
      columns: [textColumn('Point'), textColumn('Subject'), textColumn('Slide')],
      rows: annex.points.map(({ point, subject, pages }) => [point, subject, pages.map((name) => numbers.get(name)).join(', ')]),
    },
  ],
})

/** Goes on where the slide before ended, and begins a new one where nothing more fits. */
const writePage = ({ title, paragraphs, tables, fields }: ShownPage, addSlide: (title: string) => Slide): void => {
  let slide = addSlide(title)
  let y = contentTop
  const goOn = (): void => {
    slide = addSlide(`${title} (continued)`)
    y = contentTop
  }
  const write = (text: string, options: { readonly bold?: boolean; readonly color?: string; readonly fontSize: number }): void => {
    const height = 0.1 + linesOf(text, contentWidth, options.fontSize) * lineHeight * (options.fontSize / tableFontSize)
    if (y + height > contentBottom) goOn()
    slide.addText(toReportText(text), {
      x: margin,
      y,
      w: contentWidth,
      h: height,
      fontFace: font,
      valign: 'top',
      margin: 0,
      color: ink,
      ...options,
    })
    y += height
  }
  for (const paragraph of paragraphs) write(paragraph, { fontSize: 12 })
  if (fields !== undefined)
    write(fields.map(([name, value]) => `${name}: ${value === '' ? '______________________' : value}`).join('\n'), { fontSize: 11 })
  for (const table of tables) {
    const widths = columnWidths(table)
    const heading = table.columns.map((column) => column.title)
    let rest = table.rows
    let isFirst = true
    while (isFirst || rest.length > 0) {
      const headHeight = rowHeight(heading, widths)
      const needed = 0.3 + headHeight + rowHeight(rest[0] ?? [], widths)
      if (y + needed > contentBottom) goOn()
      if (table.title !== '') write(isFirst ? table.title : `${table.title} (continued)`, { bold: true, fontSize: 12 })
      if (isFirst && table.note !== undefined) write(table.note, { color: muted, fontSize: tableFontSize })
      let bottom = y + headHeight
      const fitting: (readonly string[])[] = []
      for (const row of rest) {
        bottom += rowHeight(row, widths)
        if (bottom > contentBottom && fitting.length > 0) break
        fitting.push(row)
      }
      addTable(slide, table, fitting, widths, y)
      y += headHeight + fitting.reduce((sum, row) => sum + rowHeight(row, widths), 0) + 0.15
      rest = rest.slice(fitting.length)
      isFirst = false
    }
  }
  if (tables.length === 0 && fields === undefined) write('Nothing in this run.', { color: muted, fontSize: 12 })
}

const linesOf = (text: string, inches: number, fontSize = tableFontSize): number => {
  const perLine = Math.max(1, Math.floor(inches / (characterWidth * (fontSize / tableFontSize))))
  return text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0)
}

const rowHeight = (cells: readonly string[], widths: readonly number[]): number =>
  cellPadding + lineHeight * Math.max(1, ...cells.map((cell, index) => linesOf(cell, (widths[index] ?? 1) - 2 * cellPadding)))

/** Columns that need less than their share get what they need, the others share the rest by their need. */
const columnWidths = ({ columns, rows }: ReportTable): number[] => {
  const needed = columns.map(
    ({ title }, index) => 0.25 + characterWidth * Math.max(title.length, ...rows.slice(0, 100).map((row) => (row[index] ?? '').length)),
  )
  const total = needed.reduce((sum, inches) => sum + inches, 0)
  if (total <= contentWidth) return needed.map((inches) => inches + (contentWidth - total) / columns.length)
  const share = contentWidth / columns.length
  const small = needed.reduce((sum, inches) => sum + (inches <= share ? inches : 0), 0)
  const large = total - small
  return needed.map((inches) => (inches <= share ? inches : ((contentWidth - small) * inches) / large))
}

const addTable = (slide: Slide, { columns }: ReportTable, rows: readonly (readonly string[])[], widths: number[], y: number): void => {
  const border = { type: 'solid' as const, pt: 0.5, color: hairline }
  const none = { type: 'none' as const }
  const cell = (text: string, index: number, options: object) => ({
    text: toReportText(text),
    options: { align: columns[index]?.isNumber === true ? ('right' as const) : ('left' as const), ...options },
  })
  slide.addTable(
    [
      columns.map(({ title }, index) => cell(title, index, { bold: true, color: muted })),
      ...rows.map((row) =>
        columns.map(({ isLight }, index) => {
          const light = isLight === true ? lightColours[lightOfCell(row[index] ?? '') ?? ''] : undefined
          return cell(row[index] ?? '', index, light === undefined ? {} : { bold: true, color: light })
        }),
      ),
    ],
    {
      x: margin,
      y,
      w: contentWidth,
      colW: widths,
      fontFace: font,
      fontSize: tableFontSize,
      color: ink,
      border: [none, none, border, none],
      margin: [0.02, cellPadding, 0.02, cellPadding],
      valign: 'top',
    },
  )
}

const stampSlide = (slide: Slide, stamp: string, number: string): void => {
  const base = { y: 7.05, h: 0.3, fontFace: font, fontSize: 8, color: muted, margin: 0 }
  slide.addText(toReportText(stamp), { ...base, x: margin, w: contentWidth - 1 })
  slide.addText(number, { ...base, x: width - margin - 1, w: 1, align: 'right' })
}

/** Part of a ZIP file's times that has no time zone and is the first that the format knows. */
const zipTime = new Date(1980, 0, 1)

/** The library writes the time of writing into the file, and gives shapes of a slide the same number. */
const normalise = (bytes: Uint8Array, madeAt: string | null): Uint8Array => {
  const made = `${(madeAt ?? '1980-01-01T00:00:00Z').slice(0, 19)}Z`
  const parts = Object.entries(unzipSync(bytes)).flatMap(([name, part]): [string, Uint8Array][] => {
    if (name.endsWith('/')) return []
    if (name === 'docProps/core.xml') return [[name, strToU8(strFromU8(part).replaceAll(/(<dcterms:\w+ [^>]*>)[^<]*/g, `$1${made}`))]]
    if (!/^ppt\/slides\/slide\d+\.xml$/.test(name)) return [[name, part]]
    let shapes = 0
    return [[name, strToU8(strFromU8(part).replaceAll(/<p:cNvPr id="\d+"/g, () => `<p:cNvPr id="${(shapes += 1)}"`))]]
  })
  return zipSync(Object.fromEntries(parts), { level: 6, mtime: zipTime })
}
