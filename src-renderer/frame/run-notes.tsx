// What to know about a run before trusting its numbers: warnings, absent files, and the Python job's own totals.
import { Info, TriangleAlert } from 'lucide-react'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { formatting } from '../theme/formatting.ts'

export const RunNotes = ({ run }: { readonly run: RunOverview }) => {
  const { warnings, missing, module05Totals: totals } = run
  const notes = warnings.length + missing.length + (totals === null ? 0 : 1)
  if (notes === 0) return null
  const Icon = warnings.length > 0 || missing.length > 0 ? TriangleAlert : Info
  return (
    <details className="notes">
      <summary>
        <Icon size={16} aria-hidden /> {formatting.count(notes)} {notes === 1 ? 'note' : 'notes'}
      </summary>
      <div className="notes-list">
        {totals !== null && (
          <section>
            <h2>Totals as the Python job wrote them</h2>
            <p>They count rows; the headline above counts servers, each once.</p>
            <dl className="pairs">
              <dt>total_servers</dt>
              <dd>{formatOptionalCount(totals.servers)}</dd>
              <dt>at_risk_servers</dt>
              <dd>{formatOptionalCount(totals.atRiskRows)} rows</dd>
              <dt>underutilized_servers</dt>
              <dd>{formatOptionalCount(totals.underutilizedRows)} rows</dd>
            </dl>
          </section>
        )}
        {missing.length > 0 && (
          <section>
            <h2>Not in this folder</h2>
            <ul>
              {missing.map(({ file, consequence }) => (
                <li key={file}>
                  <code>{file}</code>: {consequence}
                </li>
              ))}
            </ul>
          </section>
        )}
        {warnings.length > 0 && (
          <section>
            <h2>Warnings of the analysis</h2>
            <ul>
              {warnings.map(({ code, message, examples }) => (
                <li key={`${code} ${message}`}>
                  {message}
                  {examples !== undefined && examples.length > 0 && (
                    <span className="muted"> For instance {examples.slice(0, 3).join(', ')}.</span>
                  )}
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </details>
  )
}

const formatOptionalCount = (value: number | null): string => (value === null ? 'not stated' : formatting.count(value))
