// How many servers run out, in words: the likely ones as a headline, and below it the count by metric and the whole fleet by its probabilities.
import { certainProbability } from './likelihood.ts'
import { metricName, resourceName } from './metric-label.ts'

export interface FindingCounts {
  readonly servers: number
  /** Servers that are likely to run out. */
  readonly atRisk: number
  /** Those of them that are nearly certain to; null where the run knows no probability. */
  readonly certain: number | null
  /** Distinct servers at risk by each metric; empty where there is only one. */
  readonly byMetric: readonly { readonly name: string; readonly atRisk: number }[]
  /** Servers at risk by more than one metric. */
  readonly bySeveral: number
  /** Servers that are likely to run out of one metric or another, but of no single one. */
  readonly byNone: number
}

type WriteCount = (count: number) => string

/** "35 of 329 servers are likely to run out by 13 October; 28 are nearly certain". `limits`: " of memory P95 by 3 May". */
export const describeFinding = (
  { servers, atRisk, certain }: Pick<FindingCounts, 'servers' | 'atRisk' | 'certain'>,
  limits: string,
  writeCount: WriteCount,
): string =>
  `${writeCount(atRisk)} of ${writeCount(servers)} ${servers === 1 ? 'server' : 'servers'} ${atRisk === 1 ? 'is' : 'are'} likely to run out${limits}${certainText(atRisk, certain ?? 0, writeCount)}`

const certainText = (atRisk: number, certain: number, writeCount: WriteCount): string => {
  if (certain === 0) return ''
  if (certain < atRisk) return `; ${writeCount(certain)} ${certain === 1 ? 'is' : 'are'} nearly certain`
  return atRisk === 1 ? ', which is nearly certain' : '; each of them is nearly certain'
}

/** 90 % interval of the number of servers that run out. */
export interface CountRange {
  readonly low: number
  readonly high: number
}

/** "8 to 12" in whole servers, "2" where both ends are the same. */
export const countRangeText = ({ low, high }: CountRange, writeCount: WriteCount): string => {
  const [from, to] = [Math.floor(low), Math.ceil(high)]
  return from === to ? writeCount(to) : `${writeCount(from)} to ${writeCount(to)}`
}

/** The number of servers that run out: its mean and its 90 % interval. */
export interface ExpectedCount extends CountRange {
  readonly expected: number
}

/**
 * "The smaller chances of the other 283 add about 13: 59 in all, 49 to 73 in 9 of 10 cases". The likely ones are counted one by one, this is
 * the whole fleet by its probabilities: the count of the likely ones can lie outside.
 */
export const describeExpectedCount = (
  count: ExpectedCount,
  { servers, atRisk, certain }: Pick<FindingCounts, 'servers' | 'atRisk' | 'certain'>,
  writeCount: WriteCount,
): string => {
  const range = countRangeText(count, writeCount)
  const [about, others] = [Math.round(count.expected), servers - atRisk]
  // Without a probability as the basis, others may be likely too.
  const some =
    certain !== null && about > atRisk && atRisk > 0
      ? `The smaller chances of the other ${writeCount(others)} add about ${writeCount(about - atRisk)}: ${writeCount(about)} in all`
      : ''
  const all =
    about === 0 || range === writeCount(about)
      ? `In all, ${range} ${Math.ceil(count.high) === 1 ? 'server runs' : 'servers run'} out`
      : `${some === '' ? `In all, about ${writeCount(about)} ${about === 1 ? 'server runs' : 'servers run'} out` : some}, ${range}`
  return `${all} in 9 of 10 cases (90\u00a0% interval).${(certain ?? 0) === 0 ? '' : ` Nearly certain means a probability of ${Math.round(certainProbability * 100)}\u00a0% or more.`}`
}

/** What follows the finding: "28 run out of CPU, 18 of memory; 11 of these of both, 2 more of either." and the interval; "" where the run knows neither, or has one server of one metric. */
export const describeCounts = (counts: FindingCounts & { readonly range: ExpectedCount | null }, writeCount: WriteCount): string => {
  const { byMetric, bySeveral, byNone, range } = counts
  const metrics = byMetric.filter(({ atRisk }) => atRisk > 0)
  const [first] = metrics
  const isDistinct = new Set(byMetric.map(({ name }) => resourceName(name))).size === byMetric.length
  const nameOf = isDistinct ? resourceName : metricName
  const overlaps = [
    ...(bySeveral === 0 ? [] : [`${writeCount(bySeveral)} of these of ${metrics.length === 2 ? 'both' : 'more than one'}`]),
    // Each metric alone is unlikely, one of them is likely.
    ...(byNone === 0 ? [] : [`${writeCount(byNone)} more of ${byMetric.length === 2 ? 'either' : 'one of them'}`]),
  ]
  const metricTexts = metrics.map(
    ({ name, atRisk }) => `${writeCount(atRisk)}${name === first?.name ? ` ${atRisk === 1 ? 'runs' : 'run'} out` : ''} of ${nameOf(name)}`,
  )
  return [
    ...(metricTexts.length === 0
      ? []
      : [`${[metricTexts.join(', '), ...(overlaps.length === 0 ? [] : [overlaps.join(', ')])].join('; ')}.`]),
    ...(range === null || counts.servers === 1 ? [] : [describeExpectedCount(range, counts, writeCount)]),
  ].join(' ')
}
