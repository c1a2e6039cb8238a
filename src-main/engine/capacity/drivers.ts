// Business drivers: how a metric follows a number such as payments a day, and which number the server supports (analysis definition, section 13).
import type { CapacityDriver, DriverPlan } from '../../../src-shared/artefacts/capacity.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import { zoneClock, type ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import { readInstant } from '../../forecasts/events-table.ts'
import { lastYear } from '../../forecasts/validation-rules.ts'
import { readSmallTable, type TableKind } from '../../forecasts/small-table.ts'
import { minDays, minShare } from './driver-fits.ts'

const driversTable: TableKind<'time' | 'driver' | 'value' | 'group'> = {
  title: 'drivers table',
  required: ['time', 'driver', 'value'],
  optional: ['group'],
  numbers: ['value'],
}

/** A driver of all servers, or of those of one business unit. */
export interface Driver {
  readonly name: string
  readonly group: string | null
  /** Milliseconds UTC -> value. */
  readonly values: ReadonlyMap<number, number>
}

export interface Drivers {
  /** Null without a table. */
  readonly entry: ReadInput | null
  readonly drivers: readonly Driver[]
}

const endOfTimes = Date.UTC(lastYear + 1, 0, 1)

/** Throws input-not-found, table-invalid. */
export const readDrivers = async (path: string | undefined, decimal: DecimalSetting, timeZone: string): Promise<Drivers> => {
  if (path === undefined) return { entry: null, drivers: [] }
  const { entry, lines } = await readSmallTable(path, driversTable, decimal)
  const { toInstant } = zoneClock(timeZone)
  const drivers = new Map<string, { name: string; group: string | null; values: Map<number, number> }>()
  for (const { text, number, fault } of lines) {
    for (const column of driversTable.required) if (text(column) === '') throw fault(column, 'is empty', 'Fill it in.')
    const time = readInstant(text('time'), toInstant)
    if (time === null) throw fault('time', `holds "${text('time')}", which is no date`, 'Write 2026-11-27 or 2026-11-27T18:00:00Z.')
    if (time.ms >= endOfTimes) throw fault('time', `holds "${text('time')}", which lies after ${lastYear}`, 'Correct the year.')
    const group = text('group') === '' ? null : text('group')
    const key = JSON.stringify([text('driver'), group])
    const driver = drivers.get(key) ?? { name: text('driver'), group, values: new Map<number, number>() }
    drivers.set(key, driver)
    if (driver.values.has(time.ms))
      throw fault('time', `holds "${text('time')}" once more for ${text('driver')}`, 'Keep one value per time.')
    driver.values.set(time.ms, number('value')!)
  }
  return { entry, drivers: [...drivers.keys()].sort().map((key) => drivers.get(key)!) }
}

/** The values after the last measurement, by month of the zone. `origin`: milliseconds UTC. */
export const planDrivers = (drivers: readonly Driver[], origin: number, { toLocal }: Pick<ZoneClock, 'toLocal'>): DriverPlan[] =>
  drivers.flatMap(({ name, group, values }) => {
    const months = new Map<string, number[]>()
    for (const [time, value] of [...values].sort(([a], [b]) => a - b)) {
      if (time <= origin) continue
      const month = new Date(toLocal(time)).toISOString().slice(0, 7)
      months.set(month, [...(months.get(month) ?? []), value])
    }
    return [...months].map(([month, own]) => ({
      driver: name,
      group,
      month,
      value: own.reduce((sum, value) => sum + value, 0) / own.length,
    }))
  })

const maxNamedDrivers = 6

/** A sentence about the drivers of the table that no metric follows; none where each is followed. */
export const describeUnfollowed = (drivers: readonly Driver[], followed: readonly CapacityDriver[]): string[] => {
  const isFollowed = ({ name, group }: Driver): boolean => followed.some((row) => row.driver === name && row.group === group)
  const names = drivers.filter((driver) => !isFollowed(driver)).map(({ name, group }) => (group === null ? name : `${name} of ${group}`))
  if (names.length === 0) return []
  const more = names.length > maxNamedDrivers ? ` and ${(names.length - maxNamedDrivers).toLocaleString('en-US')} more` : ''
  const rule = `A metric follows a driver where their common times span ${minDays} days and R2 of the last fifth is at least ${minShare}.`
  return [`No metric follows ${names.slice(0, maxNamedDrivers).join(', ')}${more}. ${rule}`]
}
