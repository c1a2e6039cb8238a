// How Parquet files are recognised by their names.
export const parquetExtensions: readonly string[] = ['parquet', 'parq', 'pq']

const parquetName = new RegExp(`\\.(${parquetExtensions.join('|')})$`, 'i')

/** `path`: a file name, a path or an address. */
export const isParquetName = (path: string): boolean => parquetName.test(path)
