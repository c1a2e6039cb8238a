// The columns of forecasts, read without their rows, and whether there is anything to ask before an analysis.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { parseConfig } from '../config/parse-config.ts'
import { Database } from '../database/database.ts'
import { openForecastDataset } from '../forecasts/forecast-dataset.ts'
import { readFirstRows } from '../forecasts/source-groups.ts'
import { findForecastFiles } from '../forecasts/forecast-files.ts'
import { InputQuestionError } from '../forecasts/input-question.ts'
import type { StatedEncoding } from '../forecasts/recognise-text.ts'

export interface DescribedColumns {
  /** Of the first file. */
  readonly columns: string[]
  /** Whether every role has one column by a known name, in Parquet in long form. */
  readonly isPlain: boolean
}

/** Throws where a file cannot be read at all. */
export const describeColumns = async (inputs: readonly string[]): Promise<DescribedColumns> => {
  const database = await Database.open()
  try {
    return { columns: await readColumnNames(database, inputs), isPlain: await isPlainDataset(database, inputs) }
  } finally {
    database.close()
  }
}

const readColumnNames = async (database: Database, inputs: readonly string[], encoding?: StatedEncoding): Promise<string[]> => {
  const { files } = await findForecastFiles(database, inputs, encoding)
  try {
    const { schema } = await readFirstRows(database, files, 1)
    return schema.map(({ column }) => column)
  } catch (thrown) {
    // The dialog asks for the encoding; the names tell whether it was answered before.
    if (thrown instanceof InputQuestionError && encoding === undefined) return readColumnNames(database, inputs, 'latin-1')
    throw thrown
  }
}

/** Without a folder to convert into, anything but Parquet in long form is refused. */
const isPlainDataset = async (database: Database, inputs: readonly string[]): Promise<boolean> => {
  try {
    const { candidates } = await openForecastDataset(database, inputs, parseConfig({}, 'headroom'))
    return candidates.length === 0
  } catch (thrown) {
    if (thrown instanceof HeadroomError && thrown.code.startsWith('input-')) return false
    throw thrown
  }
}
