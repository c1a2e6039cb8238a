// Plans a Spark job: reads the dataset's footers and a few of its servers, and writes the plan with the servers table.
import { assertUnscaled } from '../capacity/percent-of-capacity.ts'
import { withStatedLevel } from '../fleet-stages.ts'
import { join } from 'node:path'
import { z } from 'zod'
import { Database, literal } from '../../database/database.ts'
import { makeOutputFolder } from '../../run-folder/make-folders.ts'
import { replaceText } from '../../run-folder/replace-file.ts'
import type { LongWork } from '../analysis-request.ts'
import { headroom } from '../methods/headroom.ts'
import { describeTable } from '../artefacts/describe-manifest.ts'
import { calendarForYears, yearsAround } from '../../calendar/calendar.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import { isJudgedMetric, notJudgedText, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { unitArgument } from '../../../src-shared/config/metric-units.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { describeStep, type TimeGrid } from '../../forecasts/time-grid.ts'
import { detectTimes, firstServersQuery, type SeriesStep } from '../../forecasts/detect-granularity.ts'
import { openForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { loadServersTable } from '../../forecasts/servers-table.ts'
import { renderSparkPlan, type PlanFacts, type SparkPlan } from './render-spark-plan.ts'
import { sparkOutputVersion } from './spark-output.ts'

export interface SparkPlanRequest {
  /** The dataset, or a part of it with its columns, its step and its times. */
  readonly inputs: readonly string[]
  /** Folder for `plan.json` and `server_attributes.parquet`; created if it is missing. */
  readonly out: string
  readonly config: Readonly<Record<string, unknown>>
  readonly serversTable?: string | undefined
  readonly model?: string | undefined
}

/** The plan as it was written, and what the planner should know before the job runs. */
export interface PlannedSparkJob extends SparkPlan {
  readonly warnings: readonly RunWarning[]
}

/** Throws the HeadroomError of the analysis for inputs that it refuses before it reads rows. */
export const planSparkJob = async (request: SparkPlanRequest, work: LongWork<never> = {}): Promise<PlannedSparkJob> => {
  const database = await Database.open({ signal: work.signal })
  try {
    const facts = await describeForPlan(database, request)
    const metrics = await readFirstMetrics(database)
    assertUnscaled(facts.stage.config, metrics)
    const plan = renderSparkPlan(facts.stage.config, facts)
    await makeOutputFolder(request.out)
    await database.run(`COPY server_attributes TO ${literal(join(request.out, 'server_attributes.parquet'))} (FORMAT parquet)`)
    await replaceText(join(request.out, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
    return { ...plan, warnings: warnAboutJudgement(metrics, facts.stage.config) }
  } finally {
    database.close()
  }
}

/** Metrics of the first servers: a plan does not read all rows. */
const readFirstMetrics = async (database: Database): Promise<string[]> => {
  const rows = await database.rows(
    `SELECT DISTINCT metric FROM forecast_rows SEMI JOIN (${firstServersQuery}) USING (server_id) ORDER BY metric`,
    z.object({ metric: z.string() }),
  )
  return rows.map(({ metric }) => metric)
}

const warnAboutJudgement = (metrics: readonly string[], config: AnalysisConfig): RunWarning[] => {
  if (metrics.length === 0 || metrics.some((metric) => isJudgedMetric(config, 'headroom', metric))) return []
  const next = `If one is in percent, state it: --unit ${unitArgument(metrics[0]!, 'percent')}.`
  return [{ code: 'not-judged', message: `The servers are ${notJudgedText(metrics)}. ${next}` }]
}

/** Leaves the views `source` and `forecast_rows` and the table `server_attributes`. */
export const describeForPlan = async (database: Database, request: Omit<SparkPlanRequest, 'out'>): Promise<PlanFacts> => {
  const config = parseConfig(request.config, 'headroom')
  if (config.with_baselines) {
    throw new HeadroomError('usage', 'A Spark cluster makes no baselines, but the setting with_baselines asks for them.', {
      next: 'Leave them out, or compute on a single instance.',
    })
  }
  if (config.metrics !== undefined) {
    throw new HeadroomError('usage', 'A Spark cluster analyses all metrics, but the setting metrics names some.', {
      next: 'Compute on a single instance.',
    })
  }
  const dataset = await openForecastDataset(database, request.inputs, config)
  const { columns, schema, repeatedKeys } = dataset
  const { entry: serversTable } = await loadServersTable(database, request.serversTable, config.decimal)
  const { middle } = await database.row(
    `SELECT CAST(year(quantile_disc(ts, 0.5)) AS INTEGER) AS middle FROM forecast_rows SEMI JOIN (${firstServersQuery}) USING (server_id)`,
    z.object({ middle: z.int().nullable() }),
  )
  const { grid, zone, steps } = await detectTimes(database, config, columns.timestamp.type !== 'TIMESTAMP')
  assertFixedSteps(grid, zone, steps)
  const years = yearsAround(middle ?? 1970)
  const { holidayDates } = await import('../../calendar/holidays.ts')
  return {
    columns,
    repeatedKeys,
    grid,
    calendar: calendarForYears(headroom.eoqWindow(config), holidayDates(config, years), years, zone),
    stage: {
      version: sparkOutputVersion,
      config: withStatedLevel(config, dataset),
      forced_model: request.model ?? null,
      schema: schema.map(({ column, type }) => ({ column, type })),
      granularity: grid.granularity,
      step_seconds: grid.stepSeconds,
      lag_seconds: grid.lagSeconds,
      steps: [...steps],
      servers_table: await describeTable(serversTable),
    },
  }
}

/** Throws usage: Spark SQL has neither the zone's changes of clocks nor steps of a calendar. */
const assertFixedSteps = ({ step }: TimeGrid, zone: TimeZone, steps: readonly SeriesStep[]): void => {
  const next = 'Compute on a single instance.'
  if (!zone.isUtc) {
    throw new HeadroomError('usage', `A Spark cluster counts days in UTC, but time_zone is ${zone.name}.`, { next })
  }
  if (steps.length > 1) {
    throw new HeadroomError(
      'usage',
      `A Spark cluster needs one step for all series, but these have ${steps.map((own) => own.step).join(' and ')}.`,
      { next },
    )
  }
  if (step.unit !== 'second') {
    throw new HeadroomError(
      'usage',
      `A Spark cluster needs steps of one length, but the step of these forecasts is a ${describeStep(step)}.`,
      { next },
    )
  }
}
