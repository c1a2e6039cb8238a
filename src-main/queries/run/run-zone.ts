// The zone of a run, for all times that its files hold.
import { TimeZone } from '../../calendar/time-zone.ts'

const yearMs = 365.25 * 86_400_000

/** `startMs`, `endMs`: of the run's forecasts. Order dates lie before them, dates of exhaustion up to five years after. */
export const openRunZone = (name: string, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): TimeZone =>
  TimeZone.open(name, startMs - 3 * yearMs, endMs + 6 * yearMs)
