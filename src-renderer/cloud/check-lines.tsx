// What the preflight found: one line per check, with the fix below what failed.
import { bringIntoView } from './bring-into-view.ts'
import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from 'lucide-react'
import type { Preflight, PreflightCheck } from '../../src-shared/cloud-job.ts'

const signs: Readonly<Record<PreflightCheck['state'], { readonly Icon: LucideIcon; readonly word: string }>> = {
  ok: { Icon: CircleCheck, word: 'fine' },
  warning: { Icon: CircleAlert, word: 'note' },
  failed: { Icon: CircleX, word: 'failed' },
}

export const CheckLines = ({ preflight: { checks } }: { readonly preflight: Preflight }) => (
  <ul className="cloud-checks" aria-label="Checks" ref={bringIntoView}>
    {checks.map(({ id, title, state, detail, next }) => {
      const { Icon, word } = signs[state]
      return (
        <li key={id} data-state={state} data-check={id}>
          <Icon size={15} aria-label={word} />
          <strong>{title}</strong>
          <span>
            {detail}
            {next !== undefined && <em> {next}</em>}
          </span>
        </li>
      )
    })}
  </ul>
)
