// The files that a collect writes, and whether they may be written.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { isParquetName } from '../../src-shared/run/parquet-files.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'

/** `fleet.servers.csv` of `fleet.parquet`. */
export const serversTableOf = (out: string): string => out.replace(/\.[^.]+$/, '.servers.csv')

export interface OutputOptions {
  readonly extend?: boolean | undefined
  readonly force?: boolean | undefined
}

/** Throws output-not-empty for existing files that are neither extended nor replaced, usage for another ending than that of Parquet. */
export const assertOutput = async (out: string, { extend, force }: OutputOptions): Promise<void> => {
  if (!isParquetName(out)) throw new HeadroomError('usage', `${out} does not end in .parquet.`, { next: 'Name a Parquet file with --out.' })
  await assertNewFiles([out, serversTableOf(out)], { force: extend === true || force === true })
}
