// JSON documents of monitoring systems, which say by themselves what is what: Prometheus' query_range and CloudWatch's GetMetricData.
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import type { ForecastFile } from '../forecast-files.ts'

/** Of a row. DuckDB takes twice as much memory for each thread, whatever a file holds. */
const maxObjectBytes = 16_777_216

/** `auto`: DuckDB tells lines and arrays apart. `document`: the file is one object, which is read as a whole. */
export type JsonForm = 'auto' | 'array' | 'document'

/** Relation with `json` and `__file`. */
export const jsonObjectsSql = (files: readonly ForecastFile[], form: JsonForm = 'auto'): string => {
  const paths = files.map(({ path }) => literal(escapeGlob(path))).join(', ')
  const compression = files[0]?.compression ?? 'none'
  const largest = form === 'document' ? Math.max(maxObjectBytes, ...files.map(({ bytes }) => bytes + 1)) : maxObjectBytes
  return `read_json_objects([${paths}], format = '${form === 'document' ? 'auto' : form}', compression = ${literal(compression === 'none' ? 'uncompressed' : compression)}, filename = '__file',
    maximum_object_size = ${largest})`
}

/** Whether a read failed since an object is larger than a row may be. */
export const isTooLargeObject = (thrown: unknown): boolean =>
  thrown instanceof HeadroomError && thrown.code === 'query-failed' && /maximum_object_size/i.test(thrown.message)

/** So many bytes hold the first and the last mark of a file that ends with blanks. */
const markBytes = 1024

/** DuckDB reads an array that is cut between two objects without an error. Throws input-text-unreadable. */
export const assertWholeArray = async ({ path, name, bytes, compression }: ForecastFile): Promise<void> => {
  if (compression !== 'none') return
  const file = await open(path, 'r')
  try {
    const textAt = async (position: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(markBytes), 0, markBytes, position)
      return buffer
        .toString('utf8', 0, bytesRead)
        .replace(/^\uFEFF/, '')
        .trim()
    }
    if (!(await textAt(0)).startsWith('[') || (await textAt(Math.max(0, bytes - markBytes))).endsWith(']')) return
  } finally {
    await file.close()
  }
  throw new HeadroomError('input-text-unreadable', `${name} is cut: its array has no end.`, {
    next: 'Write, copy or download the file again.',
  })
}

export const jsonPointer = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** SQL over a list of keys, or of lists of them, as `json_keys` gives them. */
export const hasRepeatedKey = (keys: string): string => `len(list_distinct(${keys})) < len(${keys})`

/** The database reads the first value of such a key, other readers the last one. */
export const repeatedKeyError = (name: string, keys: readonly string[]): HeadroomError => {
  const seen = new Set<string>()
  const key = keys.find((candidate) => seen.size === seen.add(candidate).size)
  return new HeadroomError('input-column-conflict', `${name} has the key "${key ?? ''}" twice in one object.`, {
    next: 'Write each key once per object.',
  })
}

/** `keysQuery`: rows of `keys`, each those of one object. Throws input-column-conflict. */
export const assertKeysOnce = async (database: Database, { name }: ForecastFile, keysQuery: string): Promise<void> => {
  const { repeated } = await database.row(
    `SELECT min(keys) AS repeated FROM (${keysQuery}) WHERE ${hasRepeatedKey('keys')}`,
    z.object({ repeated: z.array(z.string()).nullable() }),
  )
  if (repeated !== null) throw repeatedKeyError(name, repeated)
}

/** Columns of text before they are read. */
export const textColumn = (index: number): string => `c${index + 1}`

export interface JsonDocument {
  readonly name: string
  /** Canonical columns of `rowsQuery`, which names them c1, c2 and so on. */
  readonly columns: readonly string[]
  /** One row per measurement out of a relation with `json` and `__file`. */
  readonly rowsQuery: (objects: string) => string
  /** Rows of `keys`: those of each object that is read. */
  readonly keysQuery: (objects: string) => string
}

const prometheus: JsonDocument = {
  name: 'prometheus',
  columns: ['server_id', 'timestamp', 'actual', 'metric'],
  // Where one query was asked, the name of its series is not that of the metric.
  rowsQuery: (objects) => `
    SELECT regexp_replace(coalesce(series->>'/metric/instance', series->>'/metric/node'), ':[0-9]+$', '') AS c1, sample->>'/0' AS c2, sample->>'/1' AS c3,
           CASE WHEN count(DISTINCT series->>'/metric/__name__') OVER () > 1 THEN series->>'/metric/__name__' END AS c4, __file
    FROM (SELECT series, unnest(CAST(series->'/values' AS JSON[])) AS sample, __file
          FROM (SELECT unnest(CAST(json->'/data/result' AS JSON[])) AS series, __file FROM ${objects}))`,
  keysQuery: (objects) => `
    SELECT unnest([json_keys(json), json_keys(json->'/data')]
      || flatten(list_transform(CAST(json->'/data/result' AS JSON[]), lambda series: [json_keys(series), json_keys(series->'/metric')]))) AS keys
    FROM ${objects}`,
}

const cloudWatch: JsonDocument = {
  name: 'cloudwatch',
  columns: ['server_id', 'timestamp', 'actual'],
  rowsQuery: (objects) => `
    SELECT result->>'/Label' AS c1, unnest(CAST(result->'/Timestamps' AS VARCHAR[])) AS c2, unnest(CAST(result->'/Values' AS VARCHAR[])) AS c3, __file
    FROM (SELECT unnest(CAST(json->'/MetricDataResults' AS JSON[])) AS result, __file FROM ${objects})`,
  keysQuery: (objects) => `
    SELECT unnest([json_keys(json)] || list_transform(CAST(json->'/MetricDataResults' AS JSON[]), lambda result: json_keys(result))) AS keys
    FROM ${objects}`,
}

/** The document that begins with an object of these keys. */
export const documentOf = (keys: readonly string[]): JsonDocument | undefined => {
  if (keys.includes('MetricDataResults')) return cloudWatch
  return keys.includes('status') && keys.includes('data') ? prometheus : undefined
}
