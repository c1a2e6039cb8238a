// The badge of a risk level: icon and label, in the colours and shapes of the charts; or why there is no level.
import type { RiskLevel } from '../../src-shared/artefacts/server-risk.ts'
import { riskLabels } from '../theme/labels.ts'

const shapePaths: Readonly<Record<RiskLevel, string>> = {
  high: 'M7 1L13 12.2L1 12.2Z',
  medium: 'M7 1L13 7L7 13L1 7Z',
  low: 'M7 2.2A4.8 4.8 0 1 1 6.99 2.2Z',
}

/** The low level is hollow, so that it is distinguishable without colour. */
const shapeStyle = (level: RiskLevel): { fill: string; stroke: string; strokeWidth: number } =>
  level === 'low'
    ? { fill: 'none', stroke: 'var(--risk-low)', strokeWidth: 1.5 }
    : { fill: `var(--risk-${level})`, stroke: 'var(--text)', strokeWidth: 0.75 }

/** A level, or why a server has none. */
export type RiskState = RiskLevel | 'silent' | 'not judged' | 'no forecast'

export const isRiskState = (value: unknown): value is RiskState => typeof value === 'string' && (value in riskLabels || value in reasons)

const reasons: Readonly<Record<Exclude<RiskState, RiskLevel>, readonly [label: string, explanation: string]>> = {
  silent: ['Silent', 'Not judged: it stopped sending measurements long before the others. Its figures come from its last forecast.'],
  'not judged': ['Not judged', 'The metric is not in percent and has no threshold.'],
  'no forecast': ['No forecast', 'It has no future rows.'],
}

export const RiskBadge = ({ state: level }: { readonly state: RiskState }) =>
  level === 'silent' || level === 'not judged' || level === 'no forecast' ? (
    <span className="risk-badge" title={reasons[level][1]}>
      {reasons[level][0]}
    </span>
  ) : (
    <span className="risk-badge">
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden>
        <path d={shapePaths[level]} {...shapeStyle(level)} />
      </svg>
      {riskLabels[level]}
    </span>
  )
