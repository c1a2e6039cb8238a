// Recommendations as rows of an import: for ServiceNow or Jira, each with a number that stays the same from run to run.
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { byteOrderMark, csvLine } from '../../src-shared/artefacts/cell-text.ts'
import type { ExportTarget, TicketFormat } from '../../src-shared/ipc/export-rows.ts'
import type { Recommendation } from '../../src-shared/ipc/fleet-view.ts'
import { dayText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { readBusinessUnits } from '../queries/recommendations/business-units.ts'
import { withActions, type Actions } from '../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { replaceFile } from '../run-folder/replace-file.ts'

interface Ticket {
  readonly title: string
  readonly text: string
  readonly server: string
  readonly group: string | null
  readonly urgency: 'high' | 'medium' | 'low'
  /** YYYY-MM-DD in the run's zone; null where the action has no date. */
  readonly due: string | null
  readonly correlationId: string
}

type Columns = readonly (readonly [title: string, value: (ticket: Ticket) => string | number | null])[]

const columnsOf: Readonly<Record<TicketFormat, Columns>> = {
  servicenow: [
    ['correlation_id', ({ correlationId }) => correlationId],
    ['short_description', ({ title }) => title],
    ['description', ({ text }) => text],
    ['cmdb_ci', ({ server }) => server],
    ['assignment_group', ({ group }) => group],
    ['priority', ({ urgency }) => ({ high: 2, medium: 3, low: 5 })[urgency]],
    ['due_date', ({ due }) => due],
  ],
  jira: [
    ['External Issue ID', ({ correlationId }) => correlationId],
    ['Summary', ({ title }) => title],
    ['Description', ({ text }) => text],
    ['Issue Type', () => 'Task'],
    ['Component', ({ group }) => group],
    ['Priority', ({ urgency }) => ({ high: 'High', medium: 'Medium', low: 'Low' })[urgency]],
    ['Due Date', ({ due }) => due],
    ['Labels', () => 'headroom'],
  ],
}

export interface WrittenTickets {
  readonly written: number
  /** Findings left out because they have a ticket, by its state. */
  readonly open: number
  readonly closed: number
}

/**
 * One row per recommendation to act on that is neither dismissed nor done; late orders first. `known`: tickets that there are, by correlation ID;
 * their findings open no second one. `asOf`, YYYY-MM-DD: the day by which orders are late and dismissals have ended.
 * `actionsPerPart`: for tests. Throws file-not-written.
 */
export const writeTickets = async (
  run: OpenRun,
  format: TicketFormat,
  { path, hasByteOrderMark }: ExportTarget,
  known: ReadonlyMap<string, 'open' | 'closed'> = new Map(),
  asOf?: string,
  actionsPerPart = defaultActionsPerPart,
): Promise<WrittenTickets> => {
  const columns = columnsOf[format]
  const counts = { written: 0, open: 0, closed: 0 }
  const textOf = (cells: readonly (string | number | null)[]): string => `${csvLine(cells)}\r\n`
  async function* texts(actions: Actions): AsyncGenerator<string> {
    yield `${hasByteOrderMark ? byteOrderMark : ''}${textOf(columns.map(([title]) => title))}`
    for (let from = 0; from < actions.count; from += actionsPerPart) {
      const tickets = await readTickets(run, actions, from, from + actionsPerPart)
      const newTickets = tickets.filter(({ correlationId }) => !known.has(correlationId))
      counts.written += newTickets.length
      for (const state of ['open', 'closed'] as const)
        counts[state] += tickets.filter(({ correlationId }) => known.get(correlationId) === state).length
      yield newTickets.map((ticket) => textOf(columns.map(([, value]) => value(ticket)))).join('')
    }
  }
  await withActions(run, asOf, (actions) => replaceFile(path, (stagingPath) => writeFile(stagingPath, texts(actions))))
  return counts
}

/** Recommendations in memory at once. */
const defaultActionsPerPart = 20_000

const readTickets = async (run: OpenRun, { read }: Actions, from: number, to: number): Promise<Ticket[]> => {
  const found = await read(from, to)
  const groups = await readBusinessUnits(
    run,
    found.map(({ server_id: server }) => server),
  )
  return found.map((action) => ticketOf(run, action, groups.get(action.server_id) ?? null))
}

const ticketOf = (run: OpenRun, action: Recommendation, group: string | null): Ticket => {
  const { server_id: server, recommendation, reason, capacity_to_add, order_by, is_order_late, target_host } = action
  const detail = capacity_to_add ?? (target_host === null ? null : `to ${target_host}`)
  return {
    title: `${recommendation[0]!.toUpperCase()}${recommendation.slice(1)}: ${server}${detail === null ? '' : ` (${detail})`}`,
    text: `${reason} Headroom run ${run.contents.manifest?.run_id ?? ''}.`,
    server,
    group,
    urgency: recommendation !== 'add capacity' ? 'low' : is_order_late ? 'high' : 'medium',
    due: order_by === null ? null : dayText(zoneClock(run.zone.name), Date.parse(order_by)),
    correlationId: correlationIdOf(server, recommendation),
  }
}

/** The same for a server and what it needs in every run, so that an import finds the ticket that it opened before. */
const correlationIdOf = (server: string, recommendation: string): string =>
  `headroom-${createHash('sha256')
    .update(JSON.stringify([server, recommendation]))
    .digest('hex')
    .slice(0, 24)}`
