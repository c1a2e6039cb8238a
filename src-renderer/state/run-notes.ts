// Saves what a planner adds to a run: events, scenarios and decisions. All functions reject when the notes cannot be saved.
import type { EventCalendarView } from '../../src-shared/ipc/event-calendar.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import type { Decision, DecisionRequest, Recommendation, Verdict } from '../../src-shared/ipc/fleet-view.ts'
import type { SavedScenario } from '../../src-shared/ipc/what-if.ts'
import { request } from '../ipc/bridge.ts'

/** Also rejects an invalid line; resolves to the calendar with the new effects. */
export const saveEvents = (folder: string, lines: readonly EventLine[]): Promise<EventCalendarView> =>
  request('events.save', { folder, lines: [...lines] })

export const saveScenarios = async (folder: string, scenarios: readonly SavedScenario[]): Promise<void> => {
  await request('scenarios.save', { folder, scenarios: [...scenarios] })
}

/** It replaces the decisions that the row shows: another planner's, made meanwhile, then shows as a conflict. */
export const toDecision = (
  { server_id, recommendation, decision_ids }: Recommendation,
  verdict: Verdict,
  reason: string,
  until: string | null = null,
): DecisionRequest => ({ server_id, recommendation, verdict, reason, until, replaces: decision_ids })

export const saveDecisions = async (folder: string, decisions: readonly DecisionRequest[]): Promise<void> => {
  await request('decisions.save', { folder, decisions: [...decisions] })
}

export const removeDecisions = async (
  folder: string,
  decisions: readonly Pick<Decision, 'server_id' | 'recommendation'>[],
): Promise<void> => {
  await request('decisions.remove', {
    folder,
    decisions: decisions.map(({ server_id, recommendation }) => ({ server_id, recommendation })),
  })
}
