// Saves what a planner adds to a run: events, scenarios and decisions. All functions reject when the notes cannot be saved.
import type { EventCalendarView } from '../../src-shared/ipc/event-calendar.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import type { Decision } from '../../src-shared/ipc/fleet-view.ts'
import type { SavedScenario } from '../../src-shared/ipc/what-if.ts'
import { request } from '../ipc/bridge.ts'

/** Also rejects an invalid line; resolves to the calendar with the new effects. */
export const saveEvents = (folder: string, lines: readonly EventLine[]): Promise<EventCalendarView> =>
  request('events.save', { folder, lines: [...lines] })

export const saveScenarios = async (folder: string, scenarios: readonly SavedScenario[]): Promise<void> => {
  await request('scenarios.save', { folder, scenarios: [...scenarios] })
}

export const saveDecisions = async (folder: string, decisions: readonly Omit<Decision, 'decided_at'>[]): Promise<void> => {
  await request('decisions.save', { folder, decisions: [...decisions] })
}

export const removeDecisions = async (folder: string, servers: readonly string[]): Promise<void> => {
  await request('decisions.remove', { folder, servers: [...servers] })
}
