// The preflight checks: a summary, and one line per check with the fix for a failure.
import { formatUsd } from '../theme/formatting.ts'
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

/** How many checks failed, or the estimated cost. */
export const preflightSummary = ({ passed, checks, mostUsd }: Preflight): string => {
  const failed = checks.filter(({ state }) => state === 'failed').length
  if (!passed) return `${failed} of ${checks.length} checks failed`
  return mostUsd === null ? 'All checks passed' : `All checks passed. Estimated cost up to ${formatUsd(mostUsd)}.`
}
