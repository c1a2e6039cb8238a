// The steps that a forecast counts in: their place in the week, and the month ends, quarter ends and holidays among them.
import { isInEoqWindow, type EoqWindow } from '../calendar/calendar.ts'
import type { TimeGrid } from '../forecasts/time-grid.ts'

/** Arrays have an entry per step, from the first measured one to the end of the horizon. */
export interface StepCalendar {
  /** Steps of a week: 7 days, 5 business days or 168 hours. */
  readonly season: number
  readonly stepsPerDay: number
  /** Place in the week by the local clock, 0..season-1. */
  readonly weekSlot: Uint8Array
  /** Number of the quarter end that the step is part of; 0 outside. */
  readonly quarterEnd: Uint16Array
  /** Number of the month end that the step is part of, quarter ends excluded; 0 outside. */
  readonly monthEnd: Uint16Array
  /** Number of the holiday that the step is on; 0 on other days. */
  readonly holiday: Uint16Array
}

const dayMs = 86_400_000
const hourMs = 3_600_000
/** The last days of a month other than a quarter's. */
const monthEndDays = 3

/** 7 days, 5 business days or 168 hours. */
export const stepsOfWeek = ({ step }: TimeGrid): number => (step.unit === 'second' ? 168 : step.unit === 'business day' ? 5 : 7)

/** `firstSlot`: the step's number by the grid. `holidays`: local days since 1970. */
export const createStepCalendar = (
  grid: TimeGrid,
  firstSlot: number,
  steps: number,
  eoqWindow: EoqWindow,
  holidays: ReadonlySet<number>,
): StepCalendar => {
  const isHourly = grid.step.unit === 'second'
  const calendar: StepCalendar = {
    season: stepsOfWeek(grid),
    stepsPerDay: isHourly ? 24 : 1,
    weekSlot: new Uint8Array(steps),
    quarterEnd: new Uint16Array(steps),
    monthEnd: new Uint16Array(steps),
    holiday: new Uint16Array(steps),
  }
  const monthEnds: EoqWindow = { months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], days: monthEndDays }
  const numbers = { quarterEnd: new OccasionCounter(), monthEnd: new OccasionCounter(), holiday: new OccasionCounter() }
  for (let step = 0; step < steps; step++) {
    const localMs = localStartMs(grid, firstSlot + step)
    const day = Math.floor(localMs / dayMs)
    // Day 0 was a Thursday.
    const weekday = (((day + 3) % 7) + 7) % 7
    calendar.weekSlot[step] = isHourly ? weekday * 24 + Math.floor((localMs - day * dayMs) / hourMs) : weekday
    const isQuarterEnd = isInEoqWindow(day, eoqWindow)
    calendar.quarterEnd[step] = numbers.quarterEnd.next(isQuarterEnd)
    calendar.monthEnd[step] = numbers.monthEnd.next(!isQuarterEnd && isInEoqWindow(day, monthEnds))
    calendar.holiday[step] = numbers.holiday.next(holidays.has(day))
  }
  return calendar
}

/** Numbers runs of consecutive steps from 1. */
class OccasionCounter {
  #count = 0
  #isInside = false

  next(isInside: boolean): number {
    if (isInside && !this.#isInside) this.#count++
    this.#isInside = isInside
    return isInside ? this.#count : 0
  }
}

/** The grid that own forecasts are made on. Hours are those of UTC, since a local clock that is put back repeats one. */
export const localStartMs = (grid: TimeGrid, slot: number): number => {
  if (grid.step.unit === 'second') return grid.zone.toLocal(slot * hourMs)
  return dayOfSlot(grid, slot) * dayMs
}

/** Days since 1970 of a day's or business day's number; the inverse of `slotOf`. */
const dayOfSlot = ({ step }: TimeGrid, slot: number): number => {
  if (step.unit !== 'business day') return slot
  return Math.floor(slot / 5) * 7 + (((slot % 5) + 5) % 5) - 3
}

/** SQL for the TIMESTAMP at which a step begins. */
export const instantOfSlotSql = (grid: TimeGrid, slot: string): string => {
  if (grid.step.unit === 'second') return `make_timestamp(CAST(${slot} AS BIGINT) * ${hourMs * 1000})`
  const day = grid.step.unit === 'business day' ? `(CAST(${slot} AS BIGINT) // 5 * 7 + CAST(${slot} AS BIGINT) % 5 - 3)` : slot
  return grid.zone.instantSql(`make_timestamp(CAST(${day} AS BIGINT) * ${dayMs * 1000})`)
}
