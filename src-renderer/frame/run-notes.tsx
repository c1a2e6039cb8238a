// Notes on a run: warnings of the analysis, missing files, and the totals of Module 05.
import { Info, TriangleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { useRequest } from '../state/use-request.ts'
import { formatting } from '../theme/formatting.ts'

export const RunNotes = ({ run }: { readonly run: RunOverview }) => {
  const { warnings, missing, module05Totals: totals } = run
  const verification = useRequest('run.verify', useIsLater() ? { folder: run.folder } : null, run.folder)
  const changed = verification.status === 'ready' ? verification.value.changed : []
  const notes = changed.length + warnings.length + missing.length + (totals === null ? 0 : 1)
  if (notes === 0) return null
  const Icon = changed.length > 0 || warnings.length > 0 || missing.length > 0 ? TriangleAlert : Info
  return (
    <details className="notes">
      <summary>
        <Icon size={16} aria-hidden /> {changed.length > 0 && 'Run changed: '}
        {formatting.count(notes)} {notes === 1 ? 'note' : 'notes'}
      </summary>
      <div className="notes-list">
        {changed.length > 0 && (
          <section>
            <h2>Changed files</h2>
            <p>These files were changed after the analysis. Figures from them may be wrong: download or analyse the run again.</p>
            <ul>
              {changed.map(({ name, state }) => (
                <li key={name}>
                  <code>{name}</code>: {state}
                </li>
              ))}
            </ul>
          </section>
        )}
        {totals !== null && (
          <section>
            <h2>Module 05 totals</h2>
            <p>These totals count rows. The summary above counts each server once.</p>
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
            <h2>Missing files</h2>
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
            <h2>Analysis warnings</h2>
            <ul>
              {warnings.map(({ code, message, examples }) => (
                <li key={`${code} ${message}`}>
                  {message}
                  {examples !== undefined && examples.length > 0 && (
                    <span className="muted"> Examples: {examples.slice(0, 3).join(', ')}.</span>
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

/** Reading every file of a run would delay the first view. */
const verifyAfterMs = 1000

const useIsLater = (): boolean => {
  const [isLater, setIsLater] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLater(true), verifyAfterMs)
    return () => clearTimeout(timer)
  }, [])
  return isLater
}

const formatOptionalCount = (value: number | null): string => (value === null ? 'unknown' : formatting.count(value))
