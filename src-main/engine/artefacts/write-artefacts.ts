// Writes the JSON and CSV artefacts.
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { csvField, escapeFormula } from '../../../src-shared/artefacts/cell-text.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'

export const writeJson = async (folder: string, name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)

/** As `writeJson`, with each list of numbers or texts on a line: capacity.json holds hundreds of thousands. */
export const writeJsonWithLists = async (folder: string, name: string, value: unknown): Promise<void> =>
  writeFile(
    join(folder, name),
    `${JSON.stringify(value, null, 2).replace(multilineList, (list) => `[${list.slice(1, -1).trim().replace(lineBreaks, ' ')}]`)}\n`,
  )

/** No text of JSON holds a line break. */
const multilineList = /\[\n[^[\]{}]+\]/g
const lineBreaks = /\n\s+/g

/** Characters per write. */
const chunkLength = 1_000_000

/** Writes the texts one after the other; joined, they could exceed Node's longest string of 512 MB. */
const writeChunks = async (path: string, texts: Iterable<string> | AsyncIterable<string>): Promise<void> => {
  const file = await open(path, 'w')
  try {
    let pending: string[] = []
    let length = 0
    for await (const text of texts) {
      pending.push(text)
      length += text.length
      if (length < chunkLength) continue
      await file.appendFile(pending.join(''))
      pending = []
      length = 0
    }
    await file.appendFile(pending.join(''))
  } finally {
    await file.close()
  }
}

/** Writes `{ ...head, [key]: entries }` as `writeJson` would, entry by entry. */
export const writeJsonList = async (
  folder: string,
  name: string,
  head: object,
  key: string,
  entries: AsyncIterable<unknown>,
): Promise<void> => writeChunks(join(folder, name), jsonListChunks(head, key, entries))

const emptyList = '[]\n}'

async function* jsonListChunks(head: object, key: string, entries: AsyncIterable<unknown>): AsyncGenerator<string> {
  yield JSON.stringify({ ...head, [key]: [] }, null, 2).slice(0, -emptyList.length)
  let count = 0
  for await (const entry of entries) yield `${count++ === 0 ? '[' : ','}\n    ${JSON.stringify(entry, null, 2).replaceAll('\n', '\n    ')}`
  yield count === 0 ? `${emptyList}\n` : '\n  ]\n}\n'
}

/** server_clusters.csv: one line per server, its name never a formula, with its features in their own units, then pc1 and pc2. A server without a horizon has no cluster. */
export const writeClusters = async (folder: string, clusteredServers: ClusteredServers): Promise<void> => {
  await writeChunks(join(folder, runFiles.clusters), clusterLines(clusteredServers))
}

function* clusterLines(clusteredServers: ClusteredServers): Generator<string> {
  const features = Object.entries({ ...clusteredServers.features, ...clusteredServers.projection })
  yield `${['server_id', 'cluster', 'cluster_name', ...features.map(([name]) => name)].join(',')}\n`
  for (const [index, serverId] of clusteredServers.serverIds.entries()) {
    const cluster = clusteredServers.clusters[clusteredServers.cluster[index]!]
    yield `${[
      csvField(escapeFormula(serverId)),
      cluster === undefined ? '' : String(cluster.cluster),
      csvField(cluster?.name ?? ''),
      ...features.map(([, values]) => csvNumber(values[index]!)),
    ].join(',')}\n`
  }
}

const csvNumber = (value: number): string => (Number.isFinite(value) ? String(value) : '')
