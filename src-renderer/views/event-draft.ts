// A line of the event ledger as the fields of a form, and back.
import type { LedgerLine } from '../../src-shared/event-ledger.ts'
import { groupColumns } from '../../src-shared/what-if.ts'

/** `groups`: several groups at once, as an events table writes them. */
export type EventSubject = 'all' | 'servers' | (typeof groupColumns)[number] | 'groups'

export interface EventDraft {
  readonly from: string
  readonly to: string
  readonly about: EventSubject
  /** Names of servers, or of the group. */
  readonly names: string
  readonly metric: string
  readonly amount: string
  readonly unit: 'points' | '%'
  readonly note: string
}

export const newDraft = (server: string | null): EventDraft => ({
  from: '',
  to: '',
  about: server === null ? 'all' : 'servers',
  names: server ?? '',
  metric: '',
  amount: '',
  unit: 'points',
  note: '',
})

export const draftOf = (line: LedgerLine): EventDraft => {
  const [, amount = line.effect, unit = 'points'] = /^\s*([+-]?[\d.]+)\s*(.*)$/.exec(line.effect) ?? []
  return {
    from: line.from,
    to: line.to,
    ...subjectOf(line),
    metric: line.metric,
    amount,
    unit: /^(%|percent)/i.test(unit) ? '%' : 'points',
    note: line.note,
  }
}

const subjectOf = ({ servers, group }: LedgerLine): Pick<EventDraft, 'about' | 'names'> => {
  if (servers === '*') return { about: 'all', names: '' }
  if (servers !== '') return { about: 'servers', names: servers }
  const [column = '', ...value] = group.split('=')
  const known = group.includes(';') ? undefined : groupColumns.find((name) => name === column.trim().toLowerCase())
  return known === undefined ? { about: 'groups', names: group } : { about: known, names: value.join('=').trim() }
}

export const lineOf = ({ from, to, about, names, metric, amount, unit, note }: EventDraft): LedgerLine => ({
  from: from.trim(),
  to: to.trim() === '' ? from.trim() : to.trim(),
  servers: about === 'all' ? '*' : about === 'servers' ? names.trim() : '',
  group: about === 'groups' ? names.trim() : about === 'all' || about === 'servers' ? '' : `${about}=${names.trim()}`,
  metric: metric.trim(),
  effect: amount.trim() === '' ? '' : `${amount.trim()} ${unit}`,
  note: note.trim(),
})
