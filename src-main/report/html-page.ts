// What the self-contained HTML pages have in common: no script, no address outside of themselves, a stamp at the foot of each printed page.
import { escapeHtml as escape } from '../../src-shared/chart-options/format.ts'
import { toReportText } from './printable-text.ts'
import { lightOfCell, type ReportTable } from './report-table.ts'

export const toHtml = (text: string): string => escape(toReportText(text))

const style = `
  :root { color-scheme: light dark; font: 14px/21px Inter, system-ui, sans-serif; }
  body { max-width: 1100px; margin: 0 auto; padding: 40px 32px; }
  h1 { margin: 0 0 4px; font-size: 26px; line-height: 34px; }
  h2 { margin: 36px 0 8px; font-size: 17px; }
  .finding { margin: 20px 0; font-size: 19px; line-height: 27px; font-weight: 600; }
  .muted { opacity: 0.75; }
  dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 8px 24px; margin: 0; }
  dl div { display: flex; justify-content: space-between; border-bottom: 1px solid #8886; }
  dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
  table { width: 100%; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
  th, td { padding: 4px 8px; border-bottom: 1px solid #8886; text-align: left; vertical-align: top; }
  th { font-weight: 600; }
  .number { text-align: right; white-space: nowrap; }
  img { max-width: 100%; background: #fff; }
  .light { font-weight: 600; }
  .red { color: #b42318; } .amber { color: #935400; } .green { color: #1a7f37; }
  @media (prefers-color-scheme: dark) { .red { color: #ff8f85; } .amber { color: #f5b445; } .green { color: #57c27a; } }
  .stamp { margin-top: 40px; font-size: 12px; }
  @media print { body { padding: 0; } .planner { break-before: page; } .stamp { display: none; } h2 { break-after: avoid; } tr, img { break-inside: avoid; } }`

/** The stamp and the number at the foot of each printed page. Every character but letters and digits is escaped: the text stands in a style. */
const pageFootStyle = (stamp: string): string => {
  const escaped = toReportText(stamp).replace(/[^A-Za-z0-9]/gu, (character) => `\\${character.codePointAt(0)!.toString(16)} `)
  return `
  @page { margin: 16mm 14mm 20mm; font: 10px sans-serif;
    @bottom-left { content: "${escaped}"; }
    @bottom-right { content: counter(page) " of " counter(pages); } }`
}

export const renderTable = ({ title, note, columns, rows }: ReportTable): string => {
  const cell = (tag: string, text: string, column: ReportTable['columns'][number] | undefined): string => {
    const classes =
      column?.isNumber === true
        ? ' class="number"'
        : column?.isLight === true
          ? ` class="light ${(lightOfCell(text) ?? '').toLowerCase()}"`
          : ''
    return `<${tag}${tag === 'td' || column?.isNumber === true ? classes : ''}>${toHtml(text)}</${tag.split(' ')[0]!}>`
  }
  return `<section>
${title === '' ? '' : `<h2>${toHtml(title)}</h2>`}
${note === undefined ? '' : `<p class="muted">${toHtml(note)}</p>`}
<table>
<thead><tr>${columns.map((column) => cell('th scope="col"', column.title, column)).join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((text, index) => cell('td', text, columns[index])).join('')}</tr>`).join('\n')}
</tbody>
</table>
</section>`
}

export interface HtmlPage {
  readonly title: string
  readonly subtitle: string
  readonly stamp: string
  /** Between head and foot, as HTML. */
  readonly body: string
}

export const renderHtmlPage = ({ title, subtitle, stamp, body }: HtmlPage): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${toHtml(title)} – Headroom</title>
<style>${style}${pageFootStyle(stamp)}
</style>
</head>
<body>
<header>
<h1>${toHtml(title)}</h1>
<p class="muted">${toHtml(subtitle)}</p>
</header>
<main>
${body}
</main>
<footer class="muted stamp">${toHtml(stamp)}</footer>
</body>
</html>
`
