// Projects: what a planner knows to come, as units of demand on a cluster or host from a day on (analysis definition, section 13).
import { basename } from 'node:path'
import { projectStatuses } from '../../../src-shared/artefacts/capacity.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { maxProjects, maxProjectUnits } from '../../../src-shared/ipc/what-if.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import { zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import { instantAfter, readInstant } from '../../forecasts/events-table.ts'
import { readSmallTable, type TableKind } from '../../forecasts/small-table.ts'
import type { ProjectDemand } from '../../statistics/cluster-capacity.ts'

const projectsTable: TableKind<'name' | 'group' | 'metric' | 'units' | 'from' | 'to' | 'probability' | 'status'> = {
  title: 'projects table',
  required: ['name', 'group', 'metric', 'units', 'from'],
  optional: ['to', 'probability', 'status'],
  numbers: ['units', 'probability'],
}

export interface Project extends ProjectDemand {
  readonly name: string
  /** A cluster or a host. */
  readonly group: string
  readonly metric: string
  /** As written: a day, or a time. */
  readonly from: string
  readonly to: string | null
  readonly status: (typeof projectStatuses)[number]
}

export interface Projects {
  /** Null without a table. */
  readonly entry: ReadInput | null
  readonly projects: readonly Project[]
}

/** Throws input-not-found, table-invalid. */
export const readProjects = async (path: string | undefined, decimal: DecimalSetting, timeZone: string): Promise<Projects> => {
  if (path === undefined) return { entry: null, projects: [] }
  const { entry, lines } = await readSmallTable(path, projectsTable, decimal)
  if (lines.length > maxProjects)
    throw new HeadroomError(
      'table-invalid',
      `The projects table ${basename(path)} has ${lines.length.toLocaleString('en-US')} lines; ${maxProjects.toLocaleString('en-US')} is the limit.`,
      { next: 'Add up what begins on one day.' },
    )
  const { toInstant } = zoneClock(timeZone)
  const seen = new Set<string>()
  const projects = lines.map(({ text, number, fault }): Project => {
    for (const column of projectsTable.required) if (text(column) === '') throw fault(column, 'is empty', 'Fill it in.')
    const day = (column: 'from' | 'to') => {
      const found = readInstant(text(column), toInstant)
      if (found !== null) return found
      throw fault(column, `holds "${text(column)}", which is no date`, 'Write 2026-11-27.')
    }
    const from = day('from').ms
    const to = text('to') === '' ? null : day('to')
    const untilMs = to === null ? Number.POSITIVE_INFINITY : instantAfter(to, toInstant)
    if (untilMs <= from) throw fault('to', 'lies before from', 'Swap the two.')
    const probability = number('probability') ?? 1
    if (probability < 0 || probability > 1) throw fault('probability', `holds "${text('probability')}"`, 'Write a share from 0 to 1.')
    if (Math.abs(number('units')!) > maxProjectUnits)
      throw fault('units', `holds "${text('units')}", which is beyond ${maxProjectUnits.toLocaleString('en-US')}`, 'Correct the number.')
    const status = text('status') === '' ? 'planned' : projectStatuses.find((known) => known === text('status').toLowerCase())
    if (status === undefined) throw fault('status', `holds "${text('status')}"`, `Write ${projectStatuses.join(' or ')}.`)
    const fields = JSON.stringify((['name', 'group', 'metric', 'from', 'to'] as const).map(text))
    if (seen.has(fields))
      throw fault('name', `holds "${text('name')}" once more for the same group, metric and days`, 'Keep one line, or name the other one.')
    seen.add(fields)
    return {
      name: text('name'),
      group: text('group'),
      metric: text('metric'),
      units: number('units')!,
      from: text('from'),
      to: text('to') === '' ? null : text('to'),
      fromMs: from,
      untilMs,
      probability,
      status,
    }
  })
  return { entry, projects }
}
