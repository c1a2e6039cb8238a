// How many servers run out, in words: the likely ones as a headline, and the whole fleet by its probabilities as a sentence below.

export interface FindingCounts {
  readonly servers: number
  /** Servers that are likely to run out. */
  readonly atRisk: number
  /** Those of them that are nearly certain to; null where the run knows no probability. */
  readonly certain: number | null
  /** Distinct servers at risk by each metric; empty where there is only one. */
  readonly byMetric: readonly { readonly name: string; readonly atRisk: number }[]
}

type WriteCount = (count: number) => string

/** "35 of 329 servers are likely to run out by 13 October, 28 of them nearly certain; 28 by cpu_p95, 18 by mem_p95". `limits`: " of mem by 3 May". */
export const describeFinding = ({ servers, atRisk, certain, byMetric }: FindingCounts, limits: string, writeCount: WriteCount): string => {
  const metrics = byMetric.filter((metric) => metric.atRisk > 0).map((metric) => `${writeCount(metric.atRisk)} by ${metric.name}`)
  return [
    `${writeCount(atRisk)} of ${writeCount(servers)} ${servers === 1 ? 'server' : 'servers'} ${atRisk === 1 ? 'is' : 'are'} likely to run out${limits}`,
    certainText(atRisk, certain ?? 0, writeCount),
    metrics.length === 0 ? '' : `; ${metrics.join(', ')}`,
  ].join('')
}

const certainText = (atRisk: number, certain: number, writeCount: WriteCount): string => {
  if (certain === 0) return ''
  if (certain < atRisk) return `, ${writeCount(certain)} of them nearly certain`
  return atRisk === 1 ? ', which is nearly certain' : ', all of them nearly certain'
}

/** Servers below 50 % add up, so that the count of the likely ones can lie outside of the interval. */
export const describeExpectedCount = ({ low, high }: { readonly low: number; readonly high: number }, writeCount: WriteCount): string => {
  const [from, to] = [Math.floor(low), Math.ceil(high)]
  const count = from === to ? writeCount(to) : `${writeCount(from)} to ${writeCount(to)}`
  return `Counting every server by its probability, ${count} will run out (90\u00a0% interval).`
}
