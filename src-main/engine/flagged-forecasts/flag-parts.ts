// The flags of the forecasts, as small Parquet files with the same rows per row group as the input.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Statements } from '../../database/background-database.ts'
import { escapeGlob, literal } from '../../database/database.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { JoinableFiles } from '../../parquet/append-columns.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { FlagLists } from './flag-lists.ts'
import type { FlagWriter } from './flag-writers.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'

export interface FlagParts {
  /** The parts' files in the order of the input's row groups, as soon as they are written; each is deleted when the next one is requested. */
  readonly paths: () => AsyncGenerator<string>
  /** Share that is written, 0..1. */
  readonly progress: () => number
  /** No part is begun until `resume`; those under way are finished. A writer that gives way to others by itself goes on. */
  readonly pause: () => void
  readonly resume: () => void
  /** Nothing goes first any more. */
  readonly hurry: () => void
  /** No further part is begun, and those under way are interrupted. */
  readonly stop: () => void
  readonly close: () => Promise<void>
}

interface FlagTask {
  readonly source: ForecastDataset
  readonly calendar: Calendar
  readonly folder: string
}

interface ListedTask extends FlagTask {
  readonly lists: FlagLists
}

/** Neighbouring row groups of a file, without empty ones; rows counted from the file's first. */
interface RowGroups {
  readonly path: string
  readonly firstRow: number
  readonly groupRows: readonly number[]
}

/** Row groups of a part, about: a part under way delays a pause, and each part takes some milliseconds. */
const groupsPerPart = 12
/** DuckDB reads and writes so many rows at a time. */
const vectorRows = 2048

/** Begins to write the parts. The input's row groups determine the parts, so their bytes do not depend on threads or the writer. */
export const writeFlagParts = (writer: FlagWriter, { files }: JoinableFiles, task: FlagTask): FlagParts => {
  const units = files.flatMap(({ path, groupRows }) => splitUnits({ path, firstRow: 0, groupRows: groupRows.filter((rows) => rows > 0) }))
  const turns: Promise<unknown>[] = Array.from({ length: writer.connections }, async () => undefined)
  let written = 0
  let isStopped = false
  let gate = Promise.resolve()
  let resume = (): void => undefined
  const writeUnit = async (connection: number, unit: RowGroups, index: number): Promise<string[]> => {
    if (!writer.givesWay()) await gate
    if (isStopped) throw new HeadroomError('cancelled', 'Cancelled.')
    const name = join(task.folder, `flags-${index}`)
    const paths = await writer.write(connection, (statements, lists) => writeGroups(statements, unit, name, { ...task, lists }))
    written++
    return paths
  }
  const parts = units.map(async (unit, index) => {
    const connection = index % turns.length
    const part = turns[connection]!.then(async () => writeUnit(connection, unit, index))
    turns[connection] = part
    return part
  })
  // Each is awaited in its turn; until then a failure must not count as unhandled.
  for (const part of parts) part.catch(() => undefined)
  return {
    paths: async function* () {
      for (const part of parts) {
        for (const path of await part) {
          yield path
          await rm(path)
        }
      }
    },
    progress: () => (written === units.length ? 1 : (written + writer.progress()) / units.length),
    pause: () => {
      gate = new Promise((resolve) => {
        resume = resolve
      })
    },
    resume: () => resume(),
    hurry: () => writer.hurry(),
    stop: () => {
      isStopped = true
      resume()
      writer.interrupt()
    },
    close: async () => {
      isStopped = true
      resume()
      await Promise.allSettled(turns)
      await writer.close()
    },
  }
}

/** A unit of a file whose row groups DuckDB preserves has several of them; in other files each row group is one. */
const splitUnits = (groups: RowGroups): RowGroups[] => splitGroups(groups, isUniform(groups.groupRows) ? groupsPerPart : 1)

const splitGroups = ({ path, firstRow, groupRows }: RowGroups, size: number): RowGroups[] => {
  let first = firstRow
  return Array.from({ length: Math.ceil(groupRows.length / size) }, (_, index) => {
    const rows = groupRows.slice(index * size, (index + 1) * size)
    const part = { path, firstRow: first, groupRows: rows }
    first = rows.reduce((sum, count) => sum + count, first)
    return part
  })
}

/** The size after which DuckDB ends a row group: no group but the last may be smaller, else it would be joined with the next. */
const groupSizeOf = (groupRows: readonly number[]): number => {
  const smallest = groupRows.slice(0, -1).reduce((a, b) => Math.min(a, b), groupRows.length > 1 ? Number.POSITIVE_INFINITY : groupRows[0]!)
  return Math.max(
    vectorRows,
    groupRows.length > 1 ? Math.floor(smallest / vectorRows) * vectorRows : Math.ceil(smallest / vectorRows) * vectorRows,
  )
}

/** Whether the row groups are so equal in size that DuckDB neither joins nor splits them. Observed behaviour; the result is checked. */
const isUniform = (groupRows: readonly number[]): boolean => {
  const size = groupSizeOf(groupRows)
  return groupRows.length > 0 && groupRows.every((rows, index) => rows < 1.5 * size && (rows >= size || index === groupRows.length - 1))
}

/** One part, or one per row group where DuckDB cut them otherwise. */
const writeGroups = async (connection: Statements, groups: RowGroups, name: string, task: ListedTask): Promise<string[]> => {
  const path = `${name}.parquet`
  await writePart(connection, groups, path, task)
  if (groups.groupRows.length === 1) return [path]
  const written = await connection.rows(
    `SELECT DISTINCT CAST(row_group_id AS INTEGER) AS id, CAST(row_group_num_rows AS DOUBLE) AS rows
     FROM parquet_metadata(${literal(escapeGlob(path))}) ORDER BY id`,
    z.object({ id: z.int(), rows: z.number() }),
  )
  if (written.length === groups.groupRows.length && written.every(({ rows }, index) => rows === groups.groupRows[index])) return [path]
  const parts: string[] = []
  for (const [index, group] of splitGroups(groups, 1).entries()) {
    parts.push(`${name}-${index}.parquet`)
    await writePart(connection, group, parts[index]!, task)
  }
  return parts
}

const writePart = async (
  connection: Statements,
  groups: RowGroups,
  part: string,
  { source, calendar, lists }: ListedTask,
): Promise<void> => {
  const { path, firstRow, groupRows } = groups
  const lastRow = groupRows.reduce((sum, rows) => sum + rows, firstRow) - 1
  const rows = `(SELECT * FROM read_parquet(${literal(escapeGlob(path))}, file_row_number = true, hive_partitioning = false)
                 WHERE file_row_number BETWEEN ${firstRow} AND ${lastRow})`
  const servers = lists.allServers ?? (await lists.enumerateServers(connection, source, rows))
  await connection.run(`
    COPY (${lists.addFlags(rows, source, calendar, servers, '')}) TO ${literal(part)}
    (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false, ROW_GROUP_SIZE ${groupSizeOf(groupRows)})`)
  if (servers !== lists.allServers) await lists.forgetServers(connection, servers)
}
