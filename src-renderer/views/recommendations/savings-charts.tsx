// What the recommendations save: by kind as a waterfall, and against the risk of the consolidation as a curve.
import { useCallback, useMemo } from 'react'
import type { PlacementPlan } from '../../../src-shared/artefacts/recommendations.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { RecommendationsPage } from '../../../src-shared/ipc/fleet-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { createSavingsRiskOption, type SavingsPoint } from '../../charts/savings-risk-option.ts'
import { createWaterfallOption, type WaterfallStep } from '../../charts/waterfall-option.ts'
import { formatDollars, formatFraction, formatting } from '../../theme/formatting.ts'
import { recommendationLabels } from '../../theme/labels.ts'

type Placement = NonNullable<RecommendationsPage['placement']>
type Steps = RecommendationsPage['totalsByRecommendation']

const toWaterfallStep = ({ recommendation, monthly_savings_usd: usd, servers }: Steps[number]): WaterfallStep => ({
  name: recommendationLabels[recommendation],
  usd,
  note: `${formatting.count(servers)} ${servers === 1 ? 'server' : 'servers'} removed`,
})

const sumOf = (steps: Steps): number => steps.reduce((sum, step) => sum + step.monthly_savings_usd, 0)

/** Waterfall chart of the savings by recommendation. */
export const Waterfall = ({ page, theme }: { readonly page: RecommendationsPage; readonly theme: ChartTheme }) => {
  const steps = page.totalsByRecommendation
  const savingSteps = useMemo(() => steps.filter(({ monthly_savings_usd: usd }) => usd > 0), [steps])
  const option = useCallback(
    () => createWaterfallOption(savingSteps.map(toWaterfallStep), formatDollars, { theme, formatting }),
    [savingSteps, theme],
  )
  const total = sumOf(savingSteps)
  if (steps.length === 0) return null
  if (savingSteps.length === 0) return <p className="muted">These recommendations remove no servers.</p>
  const title = `Savings: ${formatDollars(total)} per month`
  const accepted = `accepted: ${formatDollars(page.verdicts.accepted_savings_usd)}`
  const [only] = savingSteps
  // One bar tells no more than its sum.
  if (only !== undefined && savingSteps.length === 1) {
    const { name, note } = toWaterfallStep(only)
    return (
      <section aria-label={title}>
        <h2>{title}</h2>
        <p className="muted">{`${name}: ${note}; ${accepted}`}</p>
      </section>
    )
  }
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={`From removed servers; ${accepted}`}
      label={`Savings by recommendation: ${formatDollars(total)} per month`}
      option={option}
      table={() => ({
        columns: ['step', 'servers', 'USD per month'],
        rows: steps.map((step) => [recommendationLabels[step.recommendation], step.servers, step.monthly_savings_usd]),
      })}
    />
  )
}

const planName = ({ accepted_share: share }: PlacementPlan): string =>
  share === null ? 'Packed by forecasts alone' : `Paths accepted above the target: ${formatFraction(share)}`

/** Plans with a known risk; the plan behind the recommendations is marked. */
const savingsPoints = ({ plan, alternatives }: Placement): readonly SavingsPoint[] => {
  const others = alternatives.filter(({ accepted_share: share }) => share !== plan.accepted_share)
  return [plan, ...others].flatMap((one) =>
    one.share_above_target === null
      ? []
      : [
          {
            name: planName(one),
            risk: one.share_above_target,
            usd: one.monthly_savings_usd,
            isChosen: one === plan,
            isOnCurve: one.accepted_share !== null,
          },
        ],
  )
}

/** Nothing where no plan consolidates or their risk is not known. */
export const SavingsRisk = ({ placement, theme }: { readonly placement: Placement; readonly theme: ChartTheme }) => {
  const points = useMemo(() => savingsPoints(placement), [placement])
  const limit = formatting.value(placement.target, '%')
  const axis = `Expected share of hosts above ${limit}`
  const option = useCallback(() => createSavingsRiskOption(points, axis, formatDollars, { theme, formatting }), [points, axis, theme])
  const chosen = points.find(({ isChosen }) => isChosen)
  const { plan, alternatives } = placement
  if (chosen === undefined || [plan, ...alternatives].every(({ consolidated }) => consolidated === 0)) return null
  const most = points.filter(({ isOnCurve }) => isOnCurve).reduce((best, point) => (point.usd > best.usd ? point : best), chosen)
  const title =
    most.usd > chosen.usd ? `More risk saves up to ${formatDollars(most.usd - chosen.usd)} more per month` : 'More risk saves nothing more'
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={`Savings by risk; this plan: ${formatFraction(chosen.risk)} of hosts above ${limit}`}
      label={title}
      option={option}
      table={() => ({
        columns: [
          'accepted share of paths',
          'hosts',
          'consolidated',
          'USD per month',
          'hosts above target',
          'hosts above 80 %',
          'hosts above 100 %',
        ],
        rows: [plan, ...alternatives].map((one) => [
          one.accepted_share,
          one.hosts,
          one.consolidated,
          one.monthly_savings_usd,
          one.share_above_target,
          one.share_above_80,
          one.share_above_100,
        ]),
      })}
    />
  )
}
