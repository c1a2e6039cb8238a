// Recognises Parquet files by their names.
export const parquetExtensions: readonly string[] = ['parquet', 'parq', 'pq']

const parquetName = new RegExp(`\\.(${parquetExtensions.join('|')})$`, 'i')

/** `path`: a file name, a path or a URI. */
export const isParquetName = (path: string): boolean => parquetName.test(path)
