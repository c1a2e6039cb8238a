// The panel that accepts or dismisses the selected recommendations; dismissing requires a reason.
import { Check, RotateCcw, X } from 'lucide-react'
import { useId, useState } from 'react'
import type { Recommendation, Verdict } from '../../../src-shared/ipc/fleet-view.ts'
import { openServer } from '../../state/navigation.ts'
import { formatDay, formatting } from '../../theme/formatting.ts'
import { reasonText, verdictTexts } from '../recommendation-text.ts'

export interface DecisionPanelProps {
  readonly selected: readonly Recommendation[]
  /** `until`: YYYY-MM-DD. */
  readonly onDecide: (verdict: Verdict, reason: string, until: string | null) => void
  readonly onUndo: () => void
}

export const DecisionPanel = ({ selected, onDecide, onUndo }: DecisionPanelProps) => {
  const [reason, setReason] = useState(selected[0]?.verdict_reason ?? '')
  const [until, setUntil] = useState(selected[0]?.verdict_until ?? '')
  const id = useId()
  const [first] = selected
  if (first === undefined) return <p className="muted">Select recommendations to accept or dismiss them.</p>
  const isDecided = selected.some(({ verdict }) => verdict !== null)
  const decide = (verdict: Verdict): void => onDecide(verdict, reason.trim(), until === '' ? null : until)
  return (
    <section className="decision" aria-label="Decision">
      <h2>{selected.length === 1 ? first.server_id : `${formatting.count(selected.length)} recommendations`}</h2>
      {selected.length === 1 && <p>{reasonText(first)}</p>}
      {selected.length === 1 && first.verdict !== null && (
        <p className="verdict">
          {verdictTexts[first.verdict]}
          {isStated(first.verdict_by) ? ` by ${first.verdict_by}` : ''}
          {first.verdict_until === null ? '' : `, until ${formatDay(first.verdict_until)}`}
          {isStated(first.verdict_reason) ? `: ${first.verdict_reason}` : ''}
        </p>
      )}
      {selected.length === 1 && first.verdict === null && first.verdict_until !== null && (
        <p className="verdict">
          Was dismissed{isStated(first.verdict_by) ? ` by ${first.verdict_by}` : ''} until {formatDay(first.verdict_until)}
          {isStated(first.verdict_reason) ? `: ${first.verdict_reason}` : ''}. Open again.
        </p>
      )}
      {selected.length === 1 && first.verdict_conflict !== null && (
        <p className="verdict" role="alert">
          Planners differ. {first.verdict_conflict}
        </p>
      )}
      <label htmlFor={`${id}-reason`}>Reason</label>
      <textarea
        id={`${id}-reason`}
        className="field"
        rows={3}
        maxLength={2000}
        placeholder="Required to dismiss"
        value={reason}
        onChange={({ target }) => setReason(target.value)}
      />
      <label htmlFor={`${id}-until`}>Until</label>
      <input
        id={`${id}-until`}
        className="field"
        type="date"
        aria-describedby={`${id}-until-note`}
        value={until}
        onChange={({ target }) => setUntil(target.value)}
      />
      <p id={`${id}-until-note`} className="muted">
        Accepted: due by this day. Dismissed: back on this day.
      </p>
      <div className="actions">
        <button type="button" className="button" onClick={() => decide('accepted')}>
          <Check size={14} aria-hidden /> Accept
        </button>
        <button
          type="button"
          className="button"
          disabled={reason.trim() === ''}
          title={reason.trim() === '' ? 'Enter a reason first' : undefined}
          onClick={() => decide('dismissed')}
        >
          <X size={14} aria-hidden /> Dismiss
        </button>
        {selected.every(({ verdict }) => verdict === 'accepted') && (
          <button type="button" className="button" onClick={() => onDecide('done', reason.trim(), null)}>
            Done
          </button>
        )}
        {isDecided && (
          <button type="button" className="button quiet" onClick={onUndo}>
            <RotateCcw size={14} aria-hidden /> Undo
          </button>
        )}
      </div>
      {selected.length === 1 && (
        <button type="button" className="link" onClick={() => openServer(first.server_id)}>
          Open server
        </button>
      )}
    </section>
  )
}

const isStated = (text: string | null): boolean => text !== null && text !== ''
