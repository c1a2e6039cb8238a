// Ticks of a time axis at any zoom, on the clock of a zone: hours, days, Mondays, half months, months, quarters or years.
import { utcClock, type ZoneClock } from '../run/zone-clock.ts'
import type { ChartFormatting } from './format.ts'
import type { TextMeasure } from './text-width.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const mondayMs = 4 * dayMs

interface TickStep {
  /** Minimum distance between two ticks of this step. */
  readonly minStepMs: number
  /** First tick at or after a local reading. */
  readonly from: (timeMs: number) => number
}

const evenStep = (stepMs: number, originMs = 0): TickStep => ({
  minStepMs: stepMs,
  from: (timeMs) => Math.ceil((timeMs - originMs) / stepMs) * stepMs + originMs,
})

const monthStart = (timeMs: number, monthsLater: number): number => {
  const date = new Date(timeMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1)
}

const halfMonths: TickStep = {
  minStepMs: 14 * dayMs,
  from: (timeMs) => {
    const first = monthStart(timeMs, 0)
    const fifteenth = first + 14 * dayMs
    return timeMs <= first ? first : timeMs <= fifteenth ? fifteenth : monthStart(timeMs, 1)
  },
}

const months = (count: number): TickStep => ({
  minStepMs: count * 28 * dayMs,
  from: (timeMs) => {
    const isStart = monthStart(timeMs, 0) === timeMs
    const month = new Date(timeMs).getUTCMonth() + (isStart ? 0 : 1)
    return Date.UTC(new Date(timeMs).getUTCFullYear(), Math.ceil(month / count) * count, 1)
  },
})

const steps: readonly TickStep[] = [
  ...[0.25, 0.5, 1, 2, 3, 6, 12, 24, 48].map((hours) => evenStep(hours * hourMs)),
  evenStep(7 * dayMs, mondayMs),
  halfMonths,
  ...[1, 3, 12, 24, 60, 120].map(months),
]

/** Width of "12 Nov" or "18:00", and of "Nov", including the gap to the next label. */
const dayLabelWidth = 64
const monthLabelWidth = 46

/** Ticks from `fromMs` until before `toMs`: the finest step of at least `minStepMs` whose labels fit in `width`. */
export const timeTicks = (fromMs: number, toMs: number, width: number, minStepMs = 0, clock: ZoneClock = utcClock): readonly number[] => {
  const step =
    steps.find((candidate) => {
      const labelWidth = candidate.minStepMs >= 28 * dayMs ? monthLabelWidth : dayLabelWidth
      return candidate.minStepMs >= Math.min(minStepMs, 28 * dayMs) && (candidate.minStepMs / (toMs - fromMs)) * width >= labelWidth
    }) ?? months(120)
  // Two readings are one instant where clocks were put forward.
  const ticks = new Set<number>()
  const end = clock.toLocal(toMs)
  for (let tick = step.from(clock.toLocal(fromMs)); tick < end; tick = step.from(tick + 1)) ticks.add(clock.toInstant(tick))
  return [...ticks].filter((tick) => tick >= fromMs && tick < toMs)
}

export interface TickLabel {
  readonly timeMs: number
  readonly x: number
  readonly label: string
  /** Its year or day, on the first tick and where it changes; else "". */
  readonly context: string
}

/** Labels of the ticks inside `fromMs` to `toMs`, drawn over `width` pixels from `x`; labels of one line do not overlap. */
export const timeLabels = (
  axis: {
    readonly fromMs: number
    readonly toMs: number
    readonly minStepMs: number
    readonly x: number
    readonly width: number
    /** On which the axis is linear. */
    readonly clock: ZoneClock
  },
  formatting: ChartFormatting,
  size: number,
  measure: TextMeasure,
): readonly TickLabel[] => {
  const { fromMs, toMs, minStepMs, x, width } = axis
  const [axisFrom, axisTo] = [axis.clock.toLocal(fromMs), axis.clock.toLocal(toMs)]
  const { toLocal } = formatting.clock
  const ticks = timeTicks(fromMs, toMs, width, minStepMs, formatting.clock)
  const hasTimes = ticks.some((tick) => toLocal(tick) % dayMs !== 0)
  const monthly = ticks.every((tick) => new Date(toLocal(tick)).getUTCDate() === 1) && !hasTimes
  const labelOf = hasTimes ? formatting.time : monthly ? formatting.month : formatting.shortDay
  const groupOf = (tick: number): number => (hasTimes ? Math.floor(toLocal(tick) / dayMs) : new Date(toLocal(tick)).getUTCFullYear())
  const labels: TickLabel[] = []
  let contextFree = Number.POSITIVE_INFINITY
  for (const [index, timeMs] of [...ticks.entries()].reverse()) {
    const previous = ticks[index - 1]
    const tickX = x + ((axis.clock.toLocal(timeMs) - axisFrom) / (axisTo - axisFrom)) * width
    const isNew = previous === undefined || groupOf(previous) !== groupOf(timeMs)
    const context = isNew ? (hasTimes ? formatting.shortDayAndYear(timeMs) : formatting.year(timeMs)) : ''
    const half = measure(context, size) / 2
    const fits = context !== '' && tickX + half + 8 <= contextFree
    if (fits) contextFree = tickX - half
    labels.push({ timeMs, x: tickX, label: labelOf(timeMs), context: fits ? context : '' })
  }
  return labels.reverse()
}
