// A Spark plan for a forecast set: reads what the set's footers and a few of its servers tell, writes the plan and the servers table beside it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Database, literal } from '../../database/database.ts'
import type { LongWork } from '../analysis-request.ts'
import { calendarOf, holidayDates } from '../calendar.ts'
import { detectGranularity } from '../detect-granularity.ts'
import { openForecastSource } from '../forecast-source.ts'
import { parseConfig } from '../parse-config.ts'
import { loadServersTable } from '../servers-table.ts'
import { renderSparkPlan, type SparkPlan } from './render-plan.ts'

export interface PlanRequest {
  readonly inputs: readonly string[]
  /** Folder for `plan.json` and `server_attributes.parquet`; made where it is not there. */
  readonly out: string
  readonly config: Readonly<Record<string, unknown>>
  readonly serversTable?: string | undefined
}

/** Throws HeadroomError for what the analysis would refuse before it reads rows. */
export const planForecasts = async (request: PlanRequest, work: LongWork<never> = {}): Promise<SparkPlan> => {
  const config = parseConfig(request.config, 'headroom')
  const database = await Database.open({ signal: work.signal })
  try {
    const { columns } = await openForecastSource(database, request.inputs, config)
    await loadServersTable(database, request.serversTable)
    const years = await database.row(
      'SELECT CAST(year(min(ts)) AS INTEGER) AS first_year, CAST(year(max(ts)) AS INTEGER) AS last_year FROM forecast_rows',
      z.object({ first_year: z.int(), last_year: z.int() }),
    )
    const texts = async (sql: string): Promise<(string | null)[]> =>
      (await database.rows(sql, z.object({ text: z.string().nullable() }))).map(({ text }) => text)
    const plan = renderSparkPlan(config, {
      columns,
      metrics: (await texts('SELECT DISTINCT metric AS text FROM forecast_rows ORDER BY text')).filter((metric) => metric !== null),
      criticalities: [
        null,
        ...(await texts('SELECT DISTINCT criticality AS text FROM server_attributes WHERE criticality IS NOT NULL ORDER BY text')),
      ],
      grid: await detectGranularity(database),
      calendar: calendarOf(config, 'headroom', holidayDates(config, years.first_year, years.last_year), years),
    })
    await mkdir(request.out, { recursive: true })
    await writeFile(join(request.out, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
    const table = join(request.out, 'server_attributes.parquet')
    await database.run(`COPY server_attributes TO ${literal(table)} (FORMAT parquet)`)
    return plan
  } finally {
    database.close()
  }
}
