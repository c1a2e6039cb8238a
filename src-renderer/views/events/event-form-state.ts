// Converts between a line of the event calendar and the fields of the event form.
import type { EventLine } from '../../../src-shared/run/event-line.ts'
import { groupColumns } from '../../../src-shared/ipc/fleet-filter.ts'

/** `groups`: several groups at once, as an events table writes them. */
export type EventTargetKind = 'all' | 'servers' | (typeof groupColumns)[number] | 'groups'

export interface EventFormState {
  readonly from: string
  readonly to: string
  readonly targetKind: EventTargetKind
  /** Names of servers, or of the group. */
  readonly targetNames: string
  readonly metric: string
  readonly amount: string
  readonly unit: 'points' | '%'
  readonly note: string
}

export const newEventForm = (server: string | null): EventFormState => ({
  from: '',
  to: '',
  targetKind: server === null ? 'all' : 'servers',
  targetNames: server ?? '',
  metric: '',
  amount: '',
  unit: 'points',
  note: '',
})

export const toFormState = (line: EventLine): EventFormState => {
  const [, amount = line.effect, unit = 'points'] = /^\s*([+-]?[\d.]+)\s*(.*)$/.exec(line.effect) ?? []
  return {
    from: line.from,
    to: line.to,
    ...parseTarget(line),
    metric: line.metric,
    amount,
    unit: /^(%|percent)/i.test(unit) ? '%' : 'points',
    note: line.note,
  }
}

const parseTarget = ({ servers, group }: EventLine): Pick<EventFormState, 'targetKind' | 'targetNames'> => {
  if (servers === '*') return { targetKind: 'all', targetNames: '' }
  if (servers !== '') return { targetKind: 'servers', targetNames: servers }
  const [column = '', ...value] = group.split('=')
  const groupColumn = group.includes(';') ? undefined : groupColumns.find((name) => name === column.trim().toLowerCase())
  return groupColumn === undefined
    ? { targetKind: 'groups', targetNames: group }
    : { targetKind: groupColumn, targetNames: value.join('=').trim() }
}

export const toEventLine = ({ from, to, targetKind, targetNames, metric, amount, unit, note }: EventFormState): EventLine => ({
  from: from.trim(),
  to: to.trim() === '' ? from.trim() : to.trim(),
  servers: targetKind === 'all' ? '*' : targetKind === 'servers' ? targetNames.trim() : '',
  group:
    targetKind === 'groups'
      ? targetNames.trim()
      : targetKind === 'all' || targetKind === 'servers'
        ? ''
        : `${targetKind}=${targetNames.trim()}`,
  metric: metric.trim(),
  effect: amount.trim() === '' ? '' : `${amount.trim()} ${unit}`,
  note: note.trim(),
})
