// How recommendations are named: when they are due, what they add or save, and the groups of their list.
import { dueText as describeDue } from '../../src-shared/artefacts/due-text.ts'
import type { Recommendation, RecommendationsPage, Verdict } from '../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import type { GridSection } from '../components/grid-sections.ts'
import { formatDate, formatDollars, formatNumber, formatting } from '../theme/formatting.ts'
import { recommendationLabels } from '../theme/labels.ts'

export const dueText = (row: Recommendation, run: RunOverview): string => describeDue(row, run.horizon?.startMs ?? null, formatDate)

export const verdictTexts: Readonly<Record<Verdict, string>> = { accepted: 'Accepted', dismissed: 'Dismissed', done: 'Done' }

export const effectText = ({ capacity_to_add: capacity, monthly_savings_usd: usd }: Recommendation): string =>
  capacity === null ? `${formatDollars(usd)} per month` : capacity

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

/** Headings of the groups, each with its count and its sums. */
export const groupSections = (groups: RecommendationsPage['groups']): GridSection[] =>
  groups.map(({ name, rows, units, monthly_savings_usd: usd }) => ({
    title: groupLabels[name],
    note: [
      formatting.count(rows),
      ...(units > 0 ? [`${formatNumber(units)} ${units === 1 ? 'unit' : 'units'} to add`] : []),
      ...(usd > 0 ? [`saves ${formatDollars(usd)} per month`] : []),
    ].join(' · '),
    rows,
  }))
