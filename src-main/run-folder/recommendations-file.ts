// optimization_recommendations.json of a large fleet, which is longer than a string can be: its head by itself, and its entries by their place.
import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { z } from 'zod'

/** Bytes of a file that is still read whole. */
export const defaultMaxWholeBytes = 32_000_000

const headSchema = z.record(z.string(), z.unknown())

/** As the engine lays the file out: two blanks a level, the list last. */
const listStart = Buffer.from('\n  "recommendations": [')
const entryStart = Buffer.from('\n    {')
const entryEnd = '\n    }'

export interface RecommendationsFile {
  /** All keys; of a file above the limit those before the list, which `entries` gives. */
  readonly head: Readonly<Record<string, unknown>>
  /** Null where the file was read whole. */
  readonly entries: RecommendationEntries | null
}

/** Throws what reading and parsing throw, and SyntaxError for a large file without a list. */
export const readRecommendationsFile = async (path: string, maxWholeBytes = defaultMaxWholeBytes): Promise<RecommendationsFile> => {
  if ((await stat(path)).size <= maxWholeBytes) return { head: headSchema.parse(JSON.parse(await readFile(path, 'utf8'))), entries: null }
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    parts.push(chunk)
    length += chunk.length
    const text = Buffer.concat(parts)
    const end = text.indexOf(listStart)
    if (end >= 0) {
      const head = `${text.toString('utf8', 0, end).replace(/,$/, '')}}`
      return { head: headSchema.parse(JSON.parse(head)), entries: new RecommendationEntries(path, end + listStart.length) }
    }
    if (length > maxWholeBytes) break
  }
  throw new SyntaxError('it holds no list of recommendations where one is expected')
}

/** The entries of the list, in the file's order; nothing is read before the first is asked for. */
export class RecommendationEntries {
  readonly #path: string
  readonly #from: number
  /** Where each entry begins, and the file's end. */
  #offsets: Promise<Float64Array> | null = null

  constructor(path: string, from: number) {
    this.#path = path
    this.#from = from
  }

  async count(): Promise<number> {
    return (await this.#index()).length - 1
  }

  /** The entries at these places. Throws SyntaxError for a file that somebody changed. */
  async read(indexes: readonly number[]): Promise<unknown[]> {
    const offsets = await this.#index()
    const file = await open(this.#path, 'r')
    try {
      const entries: unknown[] = []
      for (const entryIndex of indexes) {
        const from = offsets[entryIndex] ?? Number.NaN
        const length = (offsets[entryIndex + 1] ?? Number.NaN) - from
        if (Number.isNaN(length)) throw new SyntaxError(`it holds no recommendation number ${entryIndex}`)
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, from)
        const text = buffer.toString('utf8')
        entries.push(JSON.parse(text.slice(0, text.indexOf(entryEnd) + entryEnd.length)))
      }
      return entries
    } finally {
      await file.close()
    }
  }

  #index(): Promise<Float64Array> {
    this.#offsets ??= findEntries(this.#path, this.#from)
    return this.#offsets
  }
}

const chunkBytes = 4 * 1024 * 1024

/** Where the entries begin, and the file's end. */
const findEntries = async (path: string, from: number): Promise<Float64Array> => {
  const entryOffsets: number[] = []
  let at = from
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { start: from, highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    // The start of an entry may lie across two chunks.
    const text = Buffer.concat([rest, chunk])
    const origin = at - rest.length
    for (let entryIndex = text.indexOf(entryStart); entryIndex >= 0; entryIndex = text.indexOf(entryStart, entryIndex + 1))
      entryOffsets.push(origin + entryIndex + 1)
    rest = text.subarray(Math.max(0, text.length - entryStart.length + 1))
    at += chunk.length
  }
  entryOffsets.push(at)
  return Float64Array.from(entryOffsets)
}
