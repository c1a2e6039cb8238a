// The small artefacts: summary, recommendations, clusters and model accuracy, written with fixed key order and en-US text.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { csvField } from '../../src-shared/csv-field.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import type { ClusteredServers } from './cluster-servers.ts'

export const writeJson = async (folder: string, name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)

/** server_clusters.csv: one line per server; a server without horizon has an empty cluster. Features in their own units, then pc1 and pc2. */
export const writeClusters = async (folder: string, clustered: ClusteredServers): Promise<void> => {
  const features = Object.entries({ ...clustered.features, ...clustered.projection })
  const header = ['server_id', 'cluster', 'cluster_name', ...features.map(([name]) => name)].join(',')
  const lines = clustered.serverIds.map((serverId, index) => {
    const cluster = clustered.clusters[clustered.cluster[index]!]
    return [
      csvField(serverId),
      cluster === undefined ? '' : String(cluster.cluster),
      csvField(cluster?.name ?? ''),
      ...features.map(([, values]) => csvNumber(values[index]!)),
    ].join(',')
  })
  await writeFile(join(folder, runFiles.clusters), `${[header, ...lines].join('\n')}\n`)
}

const csvNumber = (value: number): string => (Number.isFinite(value) ? String(value) : '')
