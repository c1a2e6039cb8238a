// Why a dataset that was opened cannot be read: files that changed, damage, or a Parquet feature that is not supported.
import { readFileFooter } from '../parquet/parquet-footer.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { assertUnchanged, type ForecastFile } from './forecast-files.ts'
import { unreadableReason } from './unreadable-parquet.ts'

/** What messages say of a dataset. */
interface NamedFiles {
  readonly files: readonly ForecastFile[]
  readonly name: string
}

/** Reports a failed read as damage of the file that DuckDB names; any other failure is returned unchanged. */
export const damagedFileError = (files: readonly ForecastFile[], name: string, cause: unknown): unknown => {
  if (!(cause instanceof HeadroomError) || cause.code !== 'query-failed') return cause
  const damagedFileEntry = files.find(({ path }) => cause.message.includes(path))
  return new HeadroomError(
    'input-not-parquet',
    `${damagedFileEntry?.name ?? name} is a damaged Parquet file: its contents cannot be read.`,
    {
      next: 'Write, copy or download the file again.',
      cause,
    },
  )
}

/** How DuckDB begins its complaints about values; those about our own SQL begin otherwise. */
const dataErrorPattern = /^(Invalid Input|IO|Conversion|Out of Range|Serialization|Invalid) Error|^Invalid unicode/

/** What a failure of a set that was opened means: the files changed meanwhile, or hold what cannot be taken; else it stays as it was. */
export const explainFailure = async ({ files, name }: NamedFiles, cause: unknown): Promise<unknown> => {
  if (!(cause instanceof HeadroomError) || (cause.code !== 'query-failed' && cause.code !== 'input-not-parquet')) return cause
  await assertUnchanged(files)
  const failure = dataErrorPattern.test(cause.message) ? damagedFileError(files, name, cause) : cause
  return failure instanceof HeadroomError && failure.code === 'input-not-parquet' ? await explainUnreadable(files, failure) : failure
}

/** The reason of a whole file that cannot be read; else the failure as it is. */
const explainUnreadable = async (files: readonly ForecastFile[], failure: HeadroomError): Promise<HeadroomError> => {
  for (const { path, name, format } of files) {
    if (format !== 'parquet') continue
    try {
      const { metaData } = await readFileFooter(path)
      const reason = unreadableReason(metaData, name)
      if (reason !== undefined) return reason
    } catch (thrown) {
      if (!(thrown instanceof ThriftError)) throw thrown
    }
  }
  return failure
}
