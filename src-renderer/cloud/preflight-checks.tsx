// The preflight checks: one line each, with the fix for a failure.
import { scrollIntoView } from '../components/error-panel.tsx'
import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from 'lucide-react'
import type { Preflight, PreflightCheck } from '../../src-shared/cloud/cloud-job.ts'

const stateIcons: Readonly<Record<PreflightCheck['state'], { readonly Icon: LucideIcon; readonly label: string }>> = {
  ok: { Icon: CircleCheck, label: 'Passed' },
  warning: { Icon: CircleAlert, label: 'Warning' },
  failed: { Icon: CircleX, label: 'Failed' },
}

export const PreflightChecks = ({ preflight: { checks } }: { readonly preflight: Preflight }) => (
  <ul className="cloud-checks" aria-label="Checks" ref={scrollIntoView}>
    {checks.map(({ id, title, state, detail, next }) => {
      const { Icon, label } = stateIcons[state]
      return (
        <li key={id} data-state={state} data-check={id}>
          <Icon size={15} aria-label={label} />
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
