// The report as one self-contained HTML page: no script, no address outside of itself.
import { escapeHtml as escape } from '../../src-shared/chart-options/format.ts'
import { toReportText, type ReportContent } from './report-content.ts'
import type { ReportTable } from './report-table.ts'

const toHtml = (text: string): string => escape(toReportText(text))

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

const renderTable = ({ title, note, columns, rows }: ReportTable): string => {
  const cell = (tag: string, text: string, isNumber: boolean): string =>
    `<${tag}${isNumber ? ' class="number"' : ''}>${toHtml(text)}</${tag}>`
  return `<section>
<h2>${toHtml(title)}</h2>
${note === undefined ? '' : `<p class="muted">${toHtml(note)}</p>`}
<table>
<thead><tr>${columns.map((column) => cell('th scope="col"', column.title, column.isNumber).replace('</th scope="col">', '</th>')).join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((text, index) => cell('td', text, columns[index]?.isNumber === true)).join('')}</tr>`).join('\n')}
</tbody>
</table>
</section>`
}

export const renderHtmlReport = (content: ReportContent): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${toHtml(content.title)} – Headroom</title>
<style>${style}${pageFootStyle(content.stamp)}
</style>
</head>
<body>
<header>
<h1>${toHtml(content.title)}</h1>
<p class="muted">${toHtml(content.subtitle)}</p>
</header>
<main>
<p class="finding">${toHtml(content.finding)}</p>${content.findingNote === null ? '' : `\n<p class="muted">${toHtml(content.findingNote)}</p>`}
${content.summary.tables.map(renderTable).join('\n')}
<section>
<h2>How far to trust it</h2>
<p>${toHtml(content.summary.trust)}</p>
</section>
<section class="planner">
<h2>Figures</h2>
<dl>
${content.facts.map(([name, value]) => `<div><dt>${toHtml(name)}</dt><dd>${toHtml(value)}</dd></div>`).join('\n')}
</dl>
</section>
${content.pictures
  .map(
    ({ title, png }) => `<section>
<h2>${toHtml(title)}</h2>
<img alt="${toHtml(title)}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">
</section>`,
  )
  .join('\n')}
${content.tables.map(renderTable).join('\n')}
${content.notes.length === 0 ? '' : `<section><h2>Notes</h2><ul>${content.notes.map((note) => `<li>${toHtml(note)}</li>`).join('')}</ul></section>`}
</main>
<footer class="muted stamp">${toHtml(content.stamp)}</footer>
</body>
</html>
`
