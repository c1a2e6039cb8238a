// The rows of a sample, put together: parts of series stream through servers, models, steps and utilisation, in the order of the file.
import type { Database } from '../database/database.ts'
import { literal } from '../database/database.ts'
import { calendarSql, partsOf, type Cadence } from './sample-calendar.ts'
import { drawMacroStatements } from './sample-draws.ts'
import { forecastsSql, memoryForecastsSql, modelNoise, modelTraitsSql, sampleModels } from './sample-models.ts'
import { groupsSql, serversSql } from './sample-servers.ts'
import { stepsSql } from './sample-steps.ts'
import { utilisationBlockColumns, utilisationNoises, utilisationSql } from './sample-utilisation.ts'

/** Values as pipelines store them: measurements and point forecasts to two decimals, interval bounds to three. */
const percentMacros = [
  'CREATE TEMP MACRO percent(x) AS greatest(0.5, least(100, floor((x) * 100 + 0.5) / 100))',
  'CREATE TEMP MACRO percent_bound(x) AS greatest(0.5, least(100, floor((x) * 1000 + 0.5) / 1000))',
]

/** Makes the small tables and macros that the queries below use. `firstEnd`: last measured day of the fleet's first sample. */
export const createSampleTables = async (database: Database, servers: number, cadence: Cadence, firstEnd: string): Promise<void> => {
  // A block without a step of the sample keeps its place in the list.
  const filter = cadence.firstStep === 0 ? '' : ` FILTER (step >= ${cadence.firstStep})`
  const statements = [
    ...drawMacroStatements,
    ...percentMacros,
    // Variables rather than tables: a join does not keep the order of its rows, a look-up in a list does.
    `SET VARIABLE sample_calendar = (
       SELECT list(steps ORDER BY block) FROM (
         SELECT step // ${cadence.blockSteps} AS block, list(calendar ORDER BY step)${filter} AS steps FROM (${calendarSql(cadence, firstEnd)}) calendar GROUP BY block))`,
    `CREATE TEMP TABLE groups AS ${groupsSql(servers)}`,
    'SET VARIABLE sample_groups = (SELECT list(groups ORDER BY group_index) FROM groups)',
  ]
  for (const statement of statements) await database.run(statement)
}

/** Servers whose parts go to one file: the writer buffers what comes from one thread until it is complete. */
export const serversPerPartsFile = 25_000

/**
 * Writes one row per part of a series, in the order of the sample, to files of small row groups: scanning such is the only
 * ordered source that DuckDB divides among threads this finely, which bounds what the writer of the sample buffers.
 */
export const writeParts = async (database: Database, partsFiles: readonly string[], cadence: Cadence): Promise<void> => {
  const parts = partsOf(cadence)
  for (const [index, file] of partsFiles.entries()) {
    const first = index * serversPerPartsFile
    await database.run(
      `COPY (
        SELECT group_index, server, model_index, unnest(range(${parts.first}, ${parts.end}))::INTEGER AS part
        FROM (
          SELECT group_index, server, unnest(range(${sampleModels.length}))::UTINYINT AS model_index
          FROM (
            SELECT group_index,
              unnest(range(greatest(first_server, ${first}), least(end_server, ${first + serversPerPartsFile})))::INTEGER AS server
            FROM groups
          )
        )
      ) TO ${literal(file)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    )
  }
}

const readPartsSql = (files: readonly string[]): string => `SELECT * FROM read_parquet([${files.map(literal).join(', ')}])`

const stepsOfServersSql = (parts: string, cadence: Cadence, seed: number): string =>
  stepsSql(modelTraitsSql(serversSql(parts, seed)), cadence, [...utilisationNoises(cadence), modelNoise], utilisationBlockColumns(cadence))

export const forecastRowsSql = (partsFiles: readonly string[], cadence: Cadence, seed: number): string =>
  forecastsSql(utilisationSql(stepsOfServersSql(readPartsSql(partsFiles), cadence, seed), cadence))

/** Forecasts of processors and memory, with the column `metric`. */
export const completeRowsSql = (partsFiles: readonly string[], cadence: Cadence, seed: number): string => {
  const utilisation = utilisationSql(stepsOfServersSql(readPartsSql(partsFiles), cadence, seed), cadence)
  return `
  SELECT *, 'cpu_p95' AS metric FROM (${forecastsSql(utilisation)})
  UNION ALL SELECT *, 'mem_p95' AS metric FROM (${memoryForecastsSql(utilisation)})`
}

/** What those forecasts held some weeks earlier: fewer measured days, and a horizon that ends earlier. */
export const earlierRowsSql = (forecasts: string, end: string, weeks: number, cadence: Cadence): string => {
  const horizonStart = `TIMESTAMP '${end} 00:00:00' + INTERVAL 1 DAY - INTERVAL ${7 * weeks} DAY`
  return `
  SELECT * REPLACE (timestamp >= ${horizonStart} AS is_future, CASE WHEN timestamp < ${horizonStart} THEN actual END AS actual)
  FROM read_parquet(${literal(forecasts)})
  WHERE timestamp < ${horizonStart} + to_hours(${cadence.horizonSteps * cadence.stepHours})`
}

/** The true values of the horizon. */
export const truthRowsSql = (partsFiles: readonly string[], cadence: Cadence, seed: number): string => {
  const horizonPart = Math.floor((cadence.firstStep + cadence.backtestSteps) / cadence.partSteps)
  const parts = `${readPartsSql(partsFiles)} WHERE model_index = 0 AND part >= ${horizonPart}`
  return `
  SELECT server_id, moment AS timestamp, actual FROM (${utilisationSql(stepsOfServersSql(parts, cadence, seed), cadence)}) WHERE is_future`
}

/** What was measured, once per server and step, without any forecast. */
export const measuredRowsSql = (partsFiles: readonly string[], cadence: Cadence, seed: number): string => {
  const parts = `${readPartsSql(partsFiles)} WHERE model_index = 0`
  return `
  SELECT server_id, moment AS timestamp, actual FROM (${utilisationSql(stepsOfServersSql(parts, cadence, seed), cadence)}) WHERE NOT is_future`
}
