// Recognises Parquet files by their names, and the endings of text files.
export const parquetExtensions: readonly string[] = ['parquet', 'parq', 'pq']

/** Of text files that hold forecasts. */
export const textExtensions: readonly string[] = ['csv', 'tsv', 'json', 'jsonl', 'ndjson', 'gz', 'zst']

const parquetName = new RegExp(`\\.(${parquetExtensions.join('|')})$`, 'i')

/** `path`: a file name, a path or a URI. */
export const isParquetName = (path: string): boolean => parquetName.test(path)
