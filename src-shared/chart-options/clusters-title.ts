// The title of the cluster scatter: the number of clusters and the largest one; and its subtitle.
import { metricLabel } from '../artefacts/metric-label.ts'
import type { ClustersData, ClusterSummary } from './chart-data.ts'
import { type ChartFormatting, toPrintable } from './format.ts'

/** "quiet, steady" -> "quiet and steady" */
const inSentence = (name: string): string => toPrintable(name).replace(/, (?=[^,]*$)/, ' and ')

const largestCluster = (clusters: readonly ClusterSummary[]): ClusterSummary | undefined =>
  clusters.reduce<ClusterSummary | undefined>((best, next) => (best !== undefined && best.size >= next.size ? best : next), undefined)

/** "4 clusters: 37 of 120 servers are quiet and steady", which describes the largest cluster. */
export const clustersTitle = (data: ClustersData, formatting: ChartFormatting): string => {
  const largest = largestCluster(data.clusters)
  const servers = formatting.count(data.servers ?? data.serverIds.length)
  if (largest === undefined || data.serverIds.length === 0) return 'No servers to cluster'
  const description = inSentence(largest.name)
  if (data.serverIds.length === 1) return `The one server is ${description}`
  if (data.clusters.length === 1) return `One cluster: all ${servers} servers are ${description}`
  const verb = largest.size === 1 ? 'is' : 'are'
  return `${formatting.count(data.clusters.length)} clusters: ${formatting.count(largest.size)} of ${servers} servers ${verb} ${description}`
}

export const clustersSubtitle = (data: ClustersData, formatting: ChartFormatting): string => {
  const drawnServers = data.serverIds.length
  const servers = data.servers ?? drawnServers
  const marks =
    drawnServers < servers
      ? `${formatting.count(drawnServers)} of ${formatting.count(servers)} servers drawn`
      : servers === 1
        ? 'one mark for the server'
        : `one mark for each of ${formatting.count(servers)} servers`
  const stability = data.stability === null || data.stability === undefined ? '' : `  ·  stability ${formatting.score(data.stability)}`
  return `${metricLabel(data.metric)}${data.unit === '' ? '' : `, ${data.unit}`}  ·  ${marks}, large marks are the centres of the clusters${stability}`
}
