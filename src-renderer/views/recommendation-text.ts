// How recommendations are named: when they are due, what they add or save, and the groups of their list.
import { monthlyCostText, riskChangeText } from '../../src-shared/artefacts/action-effect-text.ts'
import { dueText as describeDue, isOverdue } from '../../src-shared/artefacts/due-text.ts'
import type { Recommendation, RecommendationsPage, Verdict } from '../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { keepTogether } from '../../src-shared/chart-options/format.ts'
import type { GridSection } from '../components/grid-sections.ts'
import { formatDate, formatDay, formatDollars, formatNumber, formatting } from '../theme/formatting.ts'
import { recommendationLabels } from '../theme/labels.ts'

export const dueText = (row: Recommendation, run: RunOverview): string =>
  describeDue(row, run.horizon?.startMs ?? null, formatDate, formatting.shortDay)

/** What the due text marks as overdue. */
export const isRowOverdue = (row: Recommendation, run: RunOverview): boolean => isOverdue(row, run.horizon?.startMs ?? null)

export const verdictTexts: Readonly<Record<Verdict, string>> = { accepted: 'Accepted', dismissed: 'Dismissed', done: 'Done' }

export const riskText = (row: Recommendation): string => riskChangeText(row, (percent) => formatting.value(percent, '%'))

export const costText = (row: Recommendation): string => monthlyCostText(row, formatDollars)

/** "+$95", "from +$95": of the capacity to add. */
export const addedCostText = (usd: number, isLowerLimit: boolean): string =>
  monthlyCostText({ added_monthly_usd: usd, is_lower_limit: isLowerLimit, monthly_savings_usd: 0 }, formatDollars)

/** "2 capacity units, +$190 per month, risk 98 % → 4 %". */
export const effectText = (row: Recommendation): string =>
  [
    row.capacity_to_add,
    ...(costText(row) === '–' ? [] : [`${costText(row)} per month`]),
    ...(row.risk_before === null ? [] : [`risk ${riskText(row)}`]),
  ]
    .filter((part) => part !== null)
    .join(', ')

/** Percentages and days of a text from the run, as the reader's locale writes them. */
export const localised = (text: string): string =>
  keepTogether(
    text
      .replace(/\b(\d+(?:\.\d+)?) %/g, (_, number: string) => formatting.value(Number(number), '%'))
      .replace(/\b\d{4}-\d{2}-\d{2}\b/g, (day) => formatDay(day)),
  )

/** The reason in short. */
export const summaryText = ({ summary }: Pick<Recommendation, 'summary'>): string => localised(summary)

/** The whole reason. */
export const reasonText = ({ reason }: Pick<Recommendation, 'reason'>): string => localised(reason)

/** "Add 2 capacity units", "Watch". */
export const actionText = ({ recommendation, capacity_to_add: capacity }: Recommendation): string =>
  recommendation === 'add capacity' && capacity !== null ? `Add ${capacity}` : recommendationLabels[recommendation]

const groupLabels: Readonly<Record<RecommendationsPage['groups'][number]['name'], string>> = {
  ...recommendationLabels,
  overdue: 'Overdue',
  now: 'Decide now',
  'within 7 days': 'Due within 7 days',
  'within 30 days': 'Due within 30 days',
  'within 90 days': 'Due within 90 days',
  later: 'Due later',
  'any time': 'Any time',
}

const urgencyLabels: Readonly<Partial<Record<RecommendationsPage['groups'][number]['name'], string>>> = {
  overdue: 'overdue',
  now: 'to decide now',
  'within 7 days': 'due within 7 days',
  'within 30 days': 'due within 30 days',
  'within 90 days': 'due within 90 days',
  later: 'due later',
  'any time': 'any time',
}

/** "35 overdue (+$4,210 per month), 4 to decide now, 60 any time": of groups by due date. */
export const urgencyText = (groups: RecommendationsPage['groups']): string =>
  groups
    .map(({ name, rows, added_monthly_usd: usd }) => {
      const cost = name === 'overdue' && usd > 0 ? ` (+${formatDollars(usd)} per month)` : ''
      return `${formatting.count(rows)} ${urgencyLabels[name] ?? name}${cost}`
    })
    .join(', ')

/** Headings of the groups, each with its count and its sums. */
export const groupSections = (groups: RecommendationsPage['groups']): GridSection[] =>
  groups.map(({ name, rows, units, monthly_savings_usd: usd, added_monthly_usd: added }) => ({
    title: groupLabels[name],
    note: [
      formatting.count(rows),
      ...(units > 0 ? [`${formatNumber(units)} ${units === 1 ? 'unit' : 'units'} to add`] : []),
      ...(added > 0 ? [`costs ${formatDollars(added)} per month`] : []),
      ...(usd > 0 ? [`saves ${formatDollars(usd)} per month`] : []),
    ].join(' · '),
    rows,
  }))
