// Makes DuckDB's binding keep a byte order mark at the start of a text: without it, two names that differ by one would read alike.
import dataAccessors from '@duckdb/node-api/lib/vectors/dataAccessors.js'

/** The binding's own decoder drops the mark; its module lets it be replaced. */
const accessors = dataAccessors as { textDecoder: InstanceType<typeof TextDecoder> }

export const keepByteOrderMarks = (): void => {
  if (!accessors.textDecoder.ignoreBOM) accessors.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
}
