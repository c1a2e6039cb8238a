// What a measurements file says about its source, in its footer: where its values come from, and what is still missing.
import { existsSync } from 'node:fs'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'
import { measurementsSourceSchema, type MeasurementsSource } from '../../src-shared/sources/source-requests.ts'
import { readFileFooter, readKeyValue } from '../parquet/parquet-footer.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'

/** The key in the footer. */
export const sourceKey = 'headroom.source'

/** Undefined where the file is absent. Throws usage for one that was not collected. */
export const readMeasurementsSource = async (path: string): Promise<MeasurementsSource | undefined> => {
  if (!existsSync(path)) return undefined
  const text = await readFileFooter(path).then(
    ({ metaData }) => readKeyValue(metaData, sourceKey),
    (thrown: unknown) => {
      if (thrown instanceof ThriftError) return undefined
      throw thrown
    },
  )
  const parsed = measurementsSourceSchema.safeParse(tryParseJson(text ?? ''))
  if (parsed.success) return parsed.data
  throw new HeadroomError('usage', `${path} was not written by headroom collect.`, { next: 'Name another file with --out.' })
}

export interface CollectSpan {
  /** Seconds since 1970: of the file as a whole; `until` is exclusive. */
  readonly from: number
  readonly until: number
  /** Where this collect begins. */
  readonly fetchFrom: number
}

/** Values of so many last seconds are fetched again, since a source may receive them late. */
const overlapSeconds = 86_400

export interface SpanRequest {
  readonly days: number
  readonly until: string | null
}

/** `existing`: the file that is extended. Values of the last `settleSeconds` count as unfinished. */
export const spanOf = (
  { days, until }: SpanRequest,
  existing: MeasurementsSource | undefined,
  stepSeconds: number,
  nowSeconds: number,
  settleSeconds: number,
): CollectSpan => {
  const latest = Math.floor((nowSeconds - settleSeconds) / stepSeconds) * stepSeconds
  const end = until === null ? latest : Math.min(latest, Math.floor(Date.parse(until) / 1000 / stepSeconds) * stepSeconds)
  const start = end - days * 86_400
  if (existing === undefined) return { from: start, until: end, fetchFrom: start }
  return {
    from: existing.from,
    until: Math.max(end, existing.until),
    fetchFrom: Math.max(existing.from, Math.min(end, existing.until - overlapSeconds)),
  }
}

type SourceOptions = MeasurementsSource['source']

const differences = (existing: MeasurementsSource, source: SourceOptions): string[] =>
  Object.keys({ ...existing.source, ...source }).filter((key) => JSON.stringify(existing.source[key]) !== JSON.stringify(source[key]))

export const isSameSource = (existing: MeasurementsSource, source: SourceOptions): boolean => differences(existing, source).length === 0

/** Throws usage where the file was collected with other options. */
export const assertSameSource = (path: string, existing: MeasurementsSource, source: SourceOptions): void => {
  const different = differences(existing, source)
  if (different.length === 0) return
  throw new HeadroomError('usage', `${path} was collected with another ${different.join(', ')}.`, {
    next: 'Repeat the earlier options, or collect into a new file.',
  })
}
