// The pack as one self-contained HTML page, a printed page for each of its parts.
import { renderHtmlPage, renderTable, toHtml } from '../html-page.ts'
import type { PackContent, PackPage } from './pack-content.ts'

export const renderPackHtml = (content: PackContent): string =>
  renderHtmlPage({
    title: content.title,
    subtitle: content.subtitle,
    stamp: content.stamp,
    body: [
      `<p class="finding">${toHtml(content.finding)}</p>`,
      ...content.pages.map((page, index) => renderPage(page, index > 0)),
      renderAnnex(content),
    ].join('\n'),
  })

const renderParagraphs = (paragraphs: readonly string[]): string => paragraphs.map((paragraph) => `<p>${toHtml(paragraph)}</p>`).join('\n')

const renderPage = ({ name, title, paragraphs, fields, tables }: PackPage, startsPage: boolean): string => `<section id="${name}"${
  startsPage ? ' class="planner"' : ''
}>
<h2>${toHtml(title)}</h2>
${renderParagraphs(paragraphs)}
${
  fields === undefined
    ? ''
    : `<dl class="fields">\n${fields.map(([field, value]) => `<div><dt>${toHtml(field)}</dt><dd>${toHtml(value)}</dd></div>`).join('\n')}\n</dl>`
}
${tables.length === 0 && fields === undefined ? '<p class="muted">Nothing in this run.</p>' : tables.map(renderTable).join('\n')}
</section>`

const renderAnnex = ({ annex, pages }: PackContent): string => {
  const titles = new Map(pages.map(({ name, title }) => [name, title]))
  return `<section id="annex" class="planner">
<h2>${toHtml(annex.title)}</h2>
${renderParagraphs(annex.paragraphs)}
<table>
<thead><tr><th scope="col">Point</th><th scope="col">Subject</th><th scope="col">Pages</th></tr></thead>
<tbody>
${annex.points
  .map(
    ({ point, subject, pages: named }) =>
      `<tr><td>${toHtml(point)}</td><td>${toHtml(subject)}</td><td>${named.map((name) => `<a href="#${name}">${toHtml(titles.get(name) ?? name)}</a>`).join(', ')}</td></tr>`,
  )
  .join('\n')}
</tbody>
</table>
</section>`
}
