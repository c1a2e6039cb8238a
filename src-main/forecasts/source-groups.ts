// Files of a dataset that have the same columns, as relations to read from, and their first rows.
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { ReadGroup } from './convert-forecasts.ts'
import { sortFolderKeys } from './dataset-files.ts'
import { explainFailure } from './dataset-failures.ts'
import { describedSchema, distinctSchemas, nameBytesSql, readFileSchemas, sourceColumn } from './file-schemas.ts'
import { plainName, type ForecastColumn } from './forecast-columns.ts'
import { commonFolderKeys, folderValueSql, parquetRelationSql, type ForecastFile } from './forecast-files.ts'
import { assertWholeText } from './readers/compressed-text.ts'
import { splitComposites } from './readers/composite-columns.ts'
import { findLayouts, type MeasurementsOption } from './readers/find-layout.ts'
import type { ReadingConfig, SourceColumn } from './readers/layout.ts'
import { openTextFiles, readingText, type Extent, type SourceGroup } from './readers/text-files.ts'

/** Files with equal columns together, each group with its layout. Throws HeadroomError. */
export const readGroups = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: ReadingConfig,
  measurements: MeasurementsOption,
  extent: Extent,
): Promise<ReadGroup[]> => {
  const parquetFiles = files.filter(({ format }) => format === 'parquet')
  const groups: SourceGroup[] = [
    ...(parquetFiles.length === 0 ? [] : await openParquetGroups(database, parquetFiles)),
    ...(await openTextFiles(
      database,
      files.filter(({ format }) => format !== 'parquet'),
      config,
      extent,
    )),
  ].map(withFolderColumns)
  const split: SourceGroup[] = []
  for (const group of groups) {
    const { name, format } = group.files[0]!
    const source = { ...group, name, isText: format !== 'parquet' }
    split.push({ ...group, columns: await readingText(group.files, () => splitComposites(database, source)) })
  }
  const groupsRead = findLayouts(split, config, name, measurements)
  if (groupsRead.every(({ layout }) => layout.groups.every(({ predicted }) => predicted === undefined))) {
    for (const entry of groupsRead) await assertMeasured(database, entry)
  }
  return groupsRead
}

/** Refuses measurements of which another column says that some are forecasts. */
const assertMeasured = async (database: Database, { group, layout }: ReadGroup): Promise<void> => {
  const used = new Set(layout.roles.flatMap(({ columns }) => columns))
  const others = group.columns.filter(({ column, type, isNumeric }) => type === 'VARCHAR' && !isNumeric && !used.has(column))
  if (others.length === 0 || group.document !== undefined) return
  const texts = others.map(({ sql }) => `min(${sql}) FILTER (regexp_matches(${sql}, '^\\s*(forecast|predict|fcst)', 'i'))`)
  const { found } = await readingText(group.files, () =>
    database.row(`SELECT [${texts.join(', ')}] AS found FROM ${group.relation}`, z.object({ found: z.array(z.string().nullable()) })),
  )
  const index = found.findIndex((text) => text !== null)
  if (index === -1) return
  throw new HeadroomError(
    'input-column-missing',
    `${group.files[0]!.name} has no column predicted, but column ${others[index]!.column} says "${found[index]!}" of some rows.`,
    { next: 'Write the forecasts into a column predicted, and the measured values into a column actual.' },
  )
}

export interface FirstRows {
  /** Columns of the first files, as they are. */
  readonly schema: readonly ForecastColumn[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** The first rows as they are, as text; of files of several kinds those of the first. */
export const readFirstRows = async (database: Database, files: readonly ForecastFile[], maxRows: number): Promise<FirstRows> => {
  const first = files.slice(0, 1)
  try {
    const groups =
      first[0]?.format === 'parquet'
        ? await openParquetGroups(database, first)
        : await openTextFiles(database, first, undefined, 'first-part')
    const [group] = groups.map(withFolderColumns)
    return group === undefined ? { schema: [], rows: [] } : await readRows(database, group, maxRows)
  } catch (thrown) {
    await assertWholeText(first)
    throw await explainFailure(database, { files: first, name: first[0]!.name }, thrown)
  }
}

const readRows = async (database: Database, { files, columns, relation }: SourceGroup, maxRows: number): Promise<FirstRows> => {
  const rows = await readingText(files, () =>
    database.rows(
      `SELECT [${columns.map(({ sql }) => `CAST(${sql} AS VARCHAR)`).join(', ')}] AS fields FROM ${relation} LIMIT ${maxRows}`,
      z.object({ fields: z.array(z.string().nullable()) }),
    ),
  )
  return { schema: columns.map(({ column, type }) => ({ column, type })), rows: rows.map(({ fields }) => fields) }
}

const withFolderColumns = (group: SourceGroup): SourceGroup => {
  const { added } = sortFolderKeys(
    commonFolderKeys(group.files),
    group.columns.map(({ column }) => column),
  )
  const keys = added.map((key): SourceColumn => ({ column: key, type: 'VARCHAR', sql: folderValueSql(key, '__file'), isNumeric: false }))
  return { ...group, columns: [...group.columns, ...keys] }
}

const openParquetGroups = async (database: Database, files: readonly ForecastFile[]): Promise<SourceGroup[]> => {
  const schemas = await readFileSchemas(database, files)
  const groups: SourceGroup[] = []
  for (const { columns: first } of distinctSchemas(schemas)) {
    const names = first
      .map(({ column }) => plainName(column))
      .sort()
      .join('\n')
    const groupFiles = schemas.flatMap(({ file, columns }) =>
      columns
        .map(({ column }) => plainName(column))
        .sort()
        .join('\n') === names
        ? [file]
        : [],
    )
    const relation = parquetRelationSql(groupFiles, 'ignored', '__file')
    const described = await database.rows(
      `SELECT ${nameBytesSql('column_name')} AS name, column_type AS type FROM (DESCRIBE SELECT * EXCLUDE __file FROM ${relation})`,
      describedSchema,
    )
    groups.push({ files: groupFiles, relation, columns: described.map(({ name: column, type }) => sourceColumn({ column, type })) })
  }
  return groups
}
