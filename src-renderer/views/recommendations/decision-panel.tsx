// The panel that accepts or dismisses the selected recommendations; dismissing requires a reason.
import { Check, RotateCcw, X } from 'lucide-react'
import { useId, useState } from 'react'
import type { Recommendation } from '../../../src-shared/ipc/fleet-view.ts'
import { openServer } from '../../state/navigation.ts'
import { formatting } from '../../theme/formatting.ts'

export interface DecisionPanelProps {
  readonly selected: readonly Recommendation[]
  readonly onDecide: (verdict: 'accepted' | 'dismissed', reason: string) => void
  readonly onUndo: () => void
}

export const DecisionPanel = ({ selected, onDecide, onUndo }: DecisionPanelProps) => {
  const [reason, setReason] = useState(selected[0]?.verdict_reason ?? '')
  const id = useId()
  const [first] = selected
  if (first === undefined) return <p className="muted">Select recommendations to accept or dismiss them.</p>
  const isDecided = selected.some(({ verdict }) => verdict !== null)
  return (
    <section className="decision" aria-label="Decision">
      <h2>{selected.length === 1 ? first.server_id : `${formatting.count(selected.length)} recommendations`}</h2>
      {selected.length === 1 && <p>{first.reason}</p>}
      {selected.length === 1 && first.verdict !== null && (
        <p className="verdict">
          {first.verdict === 'accepted' ? 'Accepted' : 'Dismissed'}
          {first.verdict_reason === null || first.verdict_reason === '' ? '' : `: ${first.verdict_reason}`}
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
      <div className="actions">
        <button type="button" className="button" onClick={() => onDecide('accepted', reason.trim())}>
          <Check size={14} aria-hidden /> Accept
        </button>
        <button
          type="button"
          className="button"
          disabled={reason.trim() === ''}
          title={reason.trim() === '' ? 'Enter a reason first' : undefined}
          onClick={() => onDecide('dismissed', reason.trim())}
        >
          <X size={14} aria-hidden /> Dismiss
        </button>
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
