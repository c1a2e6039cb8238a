// Recommendations as cards under the headings of their groups.
import { Check, RotateCcw, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Recommendation, Verdict } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import type { GridSection } from '../../components/grid-sections.ts'
import { openServer } from '../../state/navigation.ts'
import { recommendationLabels } from '../../theme/labels.ts'
import { DismissForm } from '../dismiss-form.tsx'
import { dueText, effectText, isRowOverdue, reasonText, summaryText, verdictTexts } from '../recommendation-text.ts'

export interface RecommendationCardsProps {
  readonly run: RunOverview
  readonly sections: readonly GridSection[]
  readonly total: number
  readonly rowAt: (index: number) => Recommendation | undefined
  readonly onRange: (from: number, to: number) => void
  readonly onDecide: (row: Recommendation, verdict: Verdict, reason: string) => void
  readonly onUndo: (row: Recommendation) => void
}

/** Cards added at a time. */
const cardStep = 60

export const RecommendationCards = ({ sections, total, rowAt, onRange, ...card }: RecommendationCardsProps) => {
  const [limit, setLimit] = useState(cardStep)
  const shown = Math.min(limit, total)
  useEffect(() => onRange(0, shown), [onRange, shown])
  const starts = sections.map((_, position) => sections.slice(0, position).reduce((sum, { rows }) => sum + rows, 0))
  return (
    <div className="cards-area">
      {sections.map(({ title, note, rows }, position) => {
        const start = starts[position]!
        const indices = Array.from({ length: Math.max(0, Math.min(rows, shown - start)) }, (_, offset) => start + offset)
        return indices.length === 0 ? null : (
          <section key={title} aria-label={title}>
            <h2>
              {title} <span className="muted">{note}</span>
            </h2>
            <div className="cards">
              {indices.map((index) => {
                const row = rowAt(index)
                return row === undefined ? null : <Card key={row.server_id} row={row} {...card} />
              })}
            </div>
          </section>
        )
      })}
      {shown < total && (
        <button type="button" className="button" onClick={() => setLimit(limit + cardStep)}>
          Show more
        </button>
      )}
    </div>
  )
}

interface CardProps extends Pick<RecommendationCardsProps, 'run' | 'onDecide' | 'onUndo'> {
  readonly row: Recommendation
}

const Card = ({ run, row, onDecide, onUndo }: CardProps) => {
  const [isDismissing, setIsDismissing] = useState(false)
  const { server_id: server, target_host: host, verdict } = row
  return (
    <article className="action-card" aria-label={server}>
      <header>
        <strong>{recommendationLabels[row.recommendation]}</strong>
        <span data-alarming={isRowOverdue(row, run)}>{dueText(row, run)}</span>
      </header>
      <button type="button" className="link card-name" title={server} onClick={() => openServer(server)}>
        {server}
      </button>
      <p title={reasonText(row)}>{summaryText(row)}</p>
      <p className="muted">
        {effectText(row)}
        {host === null ? '' : `, onto ${host}`}
      </p>
      {verdict === null ? (
        <div className="card-actions">
          <button
            type="button"
            className="button"
            aria-label={`Accept: ${server}`}
            onClick={() => {
              setIsDismissing(false)
              onDecide(row, 'accepted', '')
            }}
          >
            <Check size={14} aria-hidden /> Accept
          </button>
          <button
            type="button"
            className="button"
            aria-label={`Dismiss: ${server}`}
            aria-expanded={isDismissing}
            onClick={() => setIsDismissing(!isDismissing)}
          >
            <X size={14} aria-hidden /> Dismiss
          </button>
        </div>
      ) : (
        <div className="card-actions">
          <span title={row.verdict_conflict ?? row.verdict_reason ?? undefined}>{verdictTexts[verdict]}</span>
          <button type="button" className="button quiet" aria-label={`Undo: ${server}`} onClick={() => onUndo(row)}>
            <RotateCcw size={14} aria-hidden /> Undo
          </button>
        </div>
      )}
      {isDismissing && verdict === null && <DismissForm server={server} onDismiss={(reason) => onDecide(row, 'dismissed', reason)} />}
    </article>
  )
}
