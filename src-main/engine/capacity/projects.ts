// Projects: what a planner knows to come, as units of demand on a cluster or host from a day on (analysis definition, section 13).
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import { zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import { readInstant } from '../../forecasts/events-table.ts'
import { readSmallTable, type TableKind } from '../../forecasts/small-table.ts'
import { pathCount } from '../breach/simulate-paths.ts'

const projectsTable: TableKind<'name' | 'group' | 'metric' | 'units' | 'from' | 'to' | 'probability' | 'status'> = {
  title: 'projects table',
  required: ['name', 'group', 'metric', 'units', 'from'],
  optional: ['to', 'probability', 'status'],
  numbers: ['units', 'probability'],
}

export const projectStatuses = ['committed', 'planned'] as const

export interface Project {
  readonly name: string
  /** A cluster or a host. */
  readonly group: string
  readonly metric: string
  /** In the unit of the group's capacity; below 0 for what goes away. */
  readonly units: number
  /** Milliseconds UTC. */
  readonly fromMs: number
  /** The first instant after it; infinite where it stays. */
  readonly untilMs: number
  /** 0..1. */
  readonly probability: number
  readonly status: (typeof projectStatuses)[number]
}

export interface Projects {
  /** Null without a table. */
  readonly entry: ReadInput | null
  readonly projects: readonly Project[]
}

const dayMs = 86_400_000

/** Throws input-not-found, table-invalid. */
export const readProjects = async (path: string | undefined, decimal: DecimalSetting, timeZone: string): Promise<Projects> => {
  if (path === undefined) return { entry: null, projects: [] }
  const { entry, lines } = await readSmallTable(path, projectsTable, decimal)
  const { toInstant } = zoneClock(timeZone)
  const projects = lines.map(({ text, number, fault }): Project => {
    for (const column of projectsTable.required) if (text(column) === '') throw fault(column, 'is empty', 'Fill it in.')
    const day = (column: 'from' | 'to') => {
      const found = readInstant(text(column), toInstant)
      if (found !== null) return found
      throw fault(column, `holds "${text(column)}", which is no date`, 'Write 2026-11-27.')
    }
    const from = day('from').ms
    const to = text('to') === '' ? null : day('to')
    const untilMs = to === null ? Number.POSITIVE_INFINITY : to.isDay ? toInstant(to.localMs + dayMs) : to.ms + 1
    if (untilMs <= from) throw fault('to', 'lies before from', 'Swap the two.')
    const probability = number('probability') ?? 1
    if (probability < 0 || probability > 1) throw fault('probability', `holds "${text('probability')}"`, 'Write a share from 0 to 1.')
    const status = text('status') === '' ? 'planned' : projectStatuses.find((known) => known === text('status').toLowerCase())
    if (status === undefined) throw fault('status', `holds "${text('status')}"`, `Write ${projectStatuses.join(' or ')}.`)
    return {
      name: text('name'),
      group: text('group'),
      metric: text('metric'),
      units: number('units')!,
      fromMs: from,
      untilMs,
      probability,
      status,
    }
  })
  return { entry, projects }
}

/** Of 200 paths those on which the project happens: every project's are spread alike over both kinds of paths. */
const happensOn = (path: number, probability: number): boolean =>
  Math.floor((path + 1) * probability + 1e-9) > Math.floor(path * probability + 1e-9)

/** Adds the project's units to a group's demand, in place. `sums`: path after path; `times`: of its steps, milliseconds UTC. */
export const addProject = (sums: Float64Array, times: readonly number[], { units, fromMs, untilMs, probability }: Project): void => {
  for (let path = 0; path < pathCount; path++) {
    if (!happensOn(path, probability)) continue
    times.forEach((time, step) => {
      if (time >= fromMs && time < untilMs) sums[path * times.length + step]! += units
    })
  }
}
