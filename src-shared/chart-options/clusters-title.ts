// What the clusters say in words: number of groups and the greatest of them as the title.
import type { ClustersData, ClusterSummary } from './chart-data.ts'
import { type ChartFormatting, printable } from './format.ts'

/** "quiet, steady" -> "quiet and steady" */
const inSentence = (name: string): string => printable(name).replace(/, (?=[^,]*$)/, ' and ')

const greatestOf = (clusters: readonly ClusterSummary[]): ClusterSummary | undefined =>
  clusters.reduce<ClusterSummary | undefined>(
    (best, next) => (best !== undefined && best.size >= next.size ? best : next),
    undefined,
  )

/** "4 groups: 37 of 120 servers are quiet and steady", of the largest group. */
export const clustersTitle = (data: ClustersData, formatting: ChartFormatting): string => {
  const greatest = greatestOf(data.clusters)
  const servers = data.serverIds.length
  if (greatest === undefined || servers === 0) return 'No servers to group'
  const words = inSentence(greatest.name)
  if (servers === 1) return `1 server: ${words}`
  if (data.clusters.length === 1) return `One group: all ${formatting.count(servers)} servers are ${words}`
  return `${formatting.count(data.clusters.length)} groups: ${formatting.count(greatest.size)} of ${formatting.count(servers)} servers ${greatest.size === 1 ? 'is' : 'are'} ${words}`
}

export const clustersSubtitle = (data: ClustersData, formatting: ChartFormatting): string =>
  `${data.metric}${data.unit === '' ? '' : `, ${data.unit}`}  ·  one mark per server, ${formatting.count(data.serverIds.length)} in all  ·  large marks are the centres of groups`
