// The day that dates of a run are held against: the first of its forecast, so that a run reads the same at any time, or a later one that is stated.
import { dayText, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { OpenRun } from './open-run.ts'

export interface ReferenceDay {
  /** YYYY-MM-DD on the clock of the run's zone. */
  readonly day: string
  /** Instants before it have passed. */
  readonly startMs: number
}

/** `asOf`: YYYY-MM-DD; a day before the forecast begins changes nothing. */
export const referenceDay = ({ zone, overview: { horizon } }: Pick<OpenRun, 'zone' | 'overview'>, asOf?: string): ReferenceDay => {
  const clock = zoneClock(zone.name)
  const startMs = horizon?.startMs ?? 0
  const firstDay = dayText(clock, startMs)
  if (asOf === undefined || asOf <= firstDay) return { day: firstDay, startMs }
  return { day: asOf, startMs: clock.toInstant(Date.parse(asOf)) }
}
