// The flags of a forecast set, as small Parquet files whose row groups hold the rows of the input's row groups.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { JoinableFiles } from '../parquet/append-columns.ts'
import type { Calendar } from './calendar.ts'
import type { FlagLists } from './flag-lists.ts'
import type { ForecastSource } from './forecast-source.ts'
import { literalPath } from './source-files.ts'

export interface FlagParts {
  /** The parts' files in the order of the input's row groups, as soon as they are written; each is deleted when the next one is asked for. */
  readonly paths: () => AsyncGenerator<string>
  /** Share that is written, 0..1. */
  readonly progress: () => number
  /** No further part is begun, and those under way are interrupted. */
  readonly stop: () => void
  readonly close: () => Promise<void>
}

interface FlagTask {
  readonly source: ForecastSource
  readonly calendar: Calendar
  readonly lists: FlagLists
  readonly folder: string
}

/** Neighbouring row groups of a file, without empty ones; rows counted from the file's first. */
interface RowGroups {
  readonly path: string
  readonly firstRow: number
  readonly groupRows: readonly number[]
}

/** Statements that run side by side; each needs one of the few threads that Node keeps for such work. */
const mostLanes = 3
/** DuckDB reads and writes so many rows at a time. */
const vectorRows = 2048

/** Begins to write the parts. The row groups of the input decide what a part holds, so its bytes do not depend on threads. */
export const writeFlagParts = async (database: Database, { files }: JoinableFiles, task: FlagTask): Promise<FlagParts> => {
  const units = files.flatMap(({ path, groupRows }) => unitsOf({ path, firstRow: 0, groupRows: groupRows.filter((rows) => rows > 0) }))
  const laneCount = Math.min(database.threads, mostLanes, units.length)
  const lanes = await Promise.all(Array.from({ length: laneCount }, async () => database.connectBeside()))
  let written = 0
  let isStopped = false
  const writeUnit = async (lane: Database, unit: RowGroups, index: number): Promise<string[]> => {
    if (isStopped) throw new HeadroomError('cancelled', 'Cancelled.')
    const paths = await writeGroups(lane, unit, join(task.folder, `flags-${index}`), task)
    written++
    return paths
  }
  const ends: Promise<unknown>[] = lanes.map(async () => undefined)
  const parts = units.map(async (unit, index) => {
    const lane = index % lanes.length
    const part = ends[lane]!.then(async () => writeUnit(lanes[lane]!, unit, index))
    ends[lane] = part
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
    progress: () => {
      if (written === units.length) return 1
      return (written + Math.max(...lanes.map((lane) => lane.progress()))) / units.length
    },
    stop: () => {
      isStopped = true
      lanes.forEach((lane) => lane.connection.interrupt())
    },
    close: async () => {
      isStopped = true
      await Promise.allSettled(ends)
      lanes.forEach((lane) => lane.close())
    },
  }
}

/** A file whose row groups DuckDB keeps is one unit, any other one per row group. */
const unitsOf = (groups: RowGroups): RowGroups[] => (isEven(groups.groupRows) ? [groups] : eachGroup(groups))

const eachGroup = ({ path, firstRow, groupRows }: RowGroups): RowGroups[] => {
  let first = firstRow
  return groupRows.map((rows) => {
    const group = { path, firstRow: first, groupRows: [rows] }
    first += rows
    return group
  })
}

/** The size after which DuckDB ends a row group: no group but the last may be smaller, else it would be joined with the next. */
const groupSizeOf = (groupRows: readonly number[]): number => {
  const least = groupRows.slice(0, -1).reduce((a, b) => Math.min(a, b), groupRows.length > 1 ? Number.POSITIVE_INFINITY : groupRows[0]!)
  return Math.max(
    vectorRows,
    groupRows.length > 1 ? Math.floor(least / vectorRows) * vectorRows : Math.ceil(least / vectorRows) * vectorRows,
  )
}

/** Whether the groups are so alike that DuckDB, writing in order, neither joins nor splits them (as seen; what it wrote is checked). */
const isEven = (groupRows: readonly number[]): boolean => {
  const size = groupSizeOf(groupRows)
  return groupRows.length > 0 && groupRows.every((rows, index) => rows < 1.5 * size && (rows >= size || index === groupRows.length - 1))
}

/** One part, or one per row group where DuckDB cut them otherwise. */
const writeGroups = async (lane: Database, groups: RowGroups, name: string, task: FlagTask): Promise<string[]> => {
  const path = `${name}.parquet`
  await writePart(lane, groups, path, task)
  if (groups.groupRows.length === 1) return [path]
  const written = await lane.rows(
    `SELECT DISTINCT CAST(row_group_id AS INTEGER) AS id, CAST(row_group_num_rows AS DOUBLE) AS rows
     FROM parquet_metadata(${literal(literalPath(path))}) ORDER BY id`,
    z.object({ id: z.int(), rows: z.number() }),
  )
  if (written.length === groups.groupRows.length && written.every(({ rows }, index) => rows === groups.groupRows[index])) return [path]
  const parts: string[] = []
  for (const [index, group] of eachGroup(groups).entries()) {
    parts.push(`${name}-${index}.parquet`)
    await writePart(lane, group, parts[index]!, task)
  }
  return parts
}

/** Series whose flags are looked up without asking first which of them a part holds. */
const fewPlaces = 32_768

const writePart = async (lane: Database, groups: RowGroups, part: string, { source, calendar, lists }: FlagTask): Promise<void> => {
  const { path, firstRow, groupRows } = groups
  const lastRow = groupRows.reduce((sum, rows) => sum + rows, firstRow) - 1
  const rows = `(SELECT * FROM read_parquet(${literal(literalPath(path))}, file_row_number = true, hive_partitioning = false)
                 WHERE file_row_number BETWEEN ${firstRow} AND ${lastRow})`
  const range =
    lists.places <= fewPlaces
      ? { from: 0, to: lists.places - 1 }
      : await lane.row(
          `SELECT CAST(min(place) AS DOUBLE) AS "from", CAST(max(place) AS DOUBLE) AS "to" FROM (SELECT ${lists.placeOf(source)} AS place FROM ${rows})`,
          z.object({ from: z.number(), to: z.number() }),
        )
  await lane.run(`
    COPY (${lists.addFlags(rows, source, calendar, range, '')}) TO ${literal(part)}
    (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false, ROW_GROUP_SIZE ${groupSizeOf(groupRows)})`)
}
