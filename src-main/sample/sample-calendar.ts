// The calendar of a sample: its spans, and per step what week, quarter end, holidays and season do to a typical server.
import { holidayDates } from '../calendar/holidays.ts'

export type Granularity = 'daily' | 'hourly'

/** A step is one row of a series; noise is drawn per step, per block and per part, and interpolated in between. */
export interface Cadence {
  readonly stepHours: number
  readonly backtestSteps: number
  readonly horizonSteps: number
  readonly blockSteps: number
  readonly partSteps: number
  /** How far back the seasonal naive model looks: whole parts and weeks, and never into the horizon. */
  readonly lagParts: number
  /** Step that the sample begins with: steps before it belong to earlier samples of the same fleet. */
  readonly firstStep: number
}

/**
 * Daily: two years of backtest (eight quarter ends) and 90 days of horizon. Hourly: four weeks and two weeks.
 */
export const cadences: Readonly<Record<Granularity, Cadence>> = {
  daily: { stepHours: 24, backtestSteps: 731, horizonSteps: 90, blockSteps: 7, partSteps: 28, lagParts: 13, firstStep: 0 },
  hourly: { stepHours: 1, backtestSteps: 672, horizonSteps: 336, blockSteps: 24, partSteps: 168, lagParts: 2, firstStep: 0 },
}

export const stepsOf = (cadence: Cadence): number => cadence.backtestSteps + cadence.horizonSteps
/** The parts that hold a step of the sample: from the first up to, but not including, the end. */
export const partsOf = (cadence: Cadence): { readonly first: number; readonly end: number } => ({
  first: Math.floor(cadence.firstStep / cadence.partSteps),
  end: Math.ceil((cadence.firstStep + stepsOf(cadence)) / cadence.partSteps),
})

const dayMs = 86_400_000

/** The last measured day of a sample that is to end yesterday. */
export const yesterday = (nowMs: number): string => new Date(nowMs - dayMs).toISOString().slice(0, 10)

/** US holidays that fall on a weekday, from the year before the first backtest day to the end of the horizon. */
const holidaysAround = (firstEnd: string, laterDays: number): string[] => {
  const year = Number(firstEnd.slice(0, 4))
  return holidayDates({ holiday_country: 'US' }, { firstYear: year - 3, lastYear: year + 1 + Math.ceil(laterDays / 365) })
    .filter(({ day, name }) => ![0, 6].includes(new Date(day).getUTCDay()) && !name.endsWith('(substitute day)'))
    .map(({ day }) => day)
}

const features = ['week_wave', 'day_wave', 'year_wave', 'quarter_end', 'month_end', 'holiday', 'years']

/**
 * One row per step of a series, from 0. `past_` columns are those of `lagParts` earlier. Waves are around 0, windows 0..1 (the
 * year's last quarter end 1.1); `years` counts from the middle of the first sample's horizon. Cosines are rounded: their last digit differs
 * between machines. `firstEnd` is the last measured day of the fleet's first sample, whose first step is 0.
 */
export const calendarSql = (cadence: Cadence, firstEnd: string): string => {
  const { stepHours, backtestSteps, horizonSteps, firstStep } = cadence
  const lagSteps = cadence.lagParts * cadence.partSteps
  return `
  WITH steps AS (
    SELECT range AS step,
      TIMESTAMP '${firstEnd} 00:00:00' + INTERVAL 1 DAY + to_hours((range - ${backtestSteps}) * ${stepHours}) AS moment
    FROM range(${-lagSteps}, ${firstStep + stepsOf(cadence)})
  ), days AS (
    SELECT *, date_diff('day', moment::DATE, last_day(moment)) AS days_to_month_end FROM steps
  ), features AS (
    SELECT step, moment,
      [-1.05, 0.42, 0.42, 0.40, 0.40, 0.36, -0.95][dayofweek(moment) + 1]::DOUBLE AS week_wave,
      ${stepHours === 24 ? '0::DOUBLE' : 'round(cos(2 * pi() * (hour(moment) - 18) / 24), 9)'} AS day_wave,
      round(cos(2 * pi() * (dayofyear(moment) - 345) / 365.25), 9) AS year_wave,
      CASE WHEN month(moment) % 3 = 0 AND days_to_month_end < 7
        THEN least(1, 1.3 - days_to_month_end * 0.1) * CASE month(moment) WHEN 12 THEN 1.1 ELSE 1 END
        ELSE 0 END::DOUBLE AS quarter_end,
      (days_to_month_end < 2)::INTEGER::DOUBLE AS month_end,
      (moment::DATE IN (${holidaysAround(firstEnd, (firstStep * stepHours) / 24)
        .map((day) => `DATE '${day}'`)
        .join(', ')}))::INTEGER::DOUBLE AS holiday,
      ((step - ${backtestSteps + horizonSteps / 2}) * ${stepHours} / 8766)::DOUBLE AS years
    FROM days
  )
  SELECT now.step::INTEGER AS step, now.moment, now.step >= ${firstStep + backtestSteps} AS is_future,
    ${features.map((name) => `now.${name}, past.${name} AS past_${name}`).join(', ')},
    ${knotWeights('now.step', cadence.blockSteps, 'block')},
    ${knotWeights('now.step', cadence.partSteps, 'part')}
  FROM features now JOIN features past ON past.step = now.step - ${lagSteps}`
}

/** Weights of the knots before and after a step; their squares add up to 1, so that interpolated noise is equally strong everywhere. */
const knotWeights = (step: string, steps: number, name: string): string => {
  const weightAfter = `((${step} % ${steps}) / ${steps})`
  return ['1 - ' + weightAfter, weightAfter]
    .map((weight, end) => `(${weight}) / sqrt((1 - ${weightAfter}) ** 2 + ${weightAfter} ** 2) AS ${name}_${end === 0 ? 'from' : 'to'}`)
    .join(', ')
}
