// The report of a run as one self-contained HTML page.
import { renderHtmlPage, renderTable, toHtml } from './html-page.ts'
import type { ReportContent } from './report-content.ts'

export const renderHtmlReport = (content: ReportContent): string =>
  renderHtmlPage({
    title: content.title,
    subtitle: content.subtitle,
    stamp: content.stamp,
    body: `<p class="finding">${toHtml(content.finding)}</p>${content.findingNote === '' ? '' : `\n<p class="muted">${toHtml(content.findingNote)}</p>`}
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
${content.notes.length === 0 ? '' : `<section><h2>Notes</h2><ul>${content.notes.map((note) => `<li>${toHtml(note)}</li>`).join('')}</ul></section>`}`,
  })
