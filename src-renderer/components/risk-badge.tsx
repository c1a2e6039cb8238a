// The sign of a risk class: colour, shape and word, as in the charts.
import type { RiskLevel } from '../../src-shared/artefacts/server-risk.ts'

const shapePaths: Readonly<Record<RiskLevel, string>> = {
  high: 'M7 1L13 12.2L1 12.2Z',
  medium: 'M7 1L13 7L7 13L1 7Z',
  low: 'M7 2.2A4.8 4.8 0 1 1 6.99 2.2Z',
}
const riskLabels: Readonly<Record<RiskLevel, string>> = { high: 'High risk', medium: 'Medium risk', low: 'Low risk' }

/** The low class is hollow, so that shape and weight tell it apart without its colour. */
const shapeStyle = (level: RiskLevel): { fill: string; stroke: string; strokeWidth: number } =>
  level === 'low'
    ? { fill: 'none', stroke: 'var(--risk-low)', strokeWidth: 1.5 }
    : { fill: `var(--risk-${level})`, stroke: 'var(--text)', strokeWidth: 0.75 }

export const RiskBadge = ({ level }: { readonly level: RiskLevel | null }) =>
  level === null ? (
    <span className="risk-sign">No threshold for this metric</span>
  ) : (
    <span className="risk-sign">
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden>
        <path d={shapePaths[level]} {...shapeStyle(level)} />
      </svg>
      {riskLabels[level]}
    </span>
  )
