// The planner's decisions about a run's recommendations: read, updated under a lock, and loaded as a table.
import { z } from 'zod'
import { withCurrentNames } from '../../src-shared/artefacts/renamed-names.ts'
import { decisionSchema, type Decision } from '../../src-shared/ipc/fleet-view.ts'
import type { Database } from '../database/database.ts'
import { updatePlannerNote, readPlannerNote } from './planner-notes.ts'

const decisionsFile = 'decisions.json'
/** Decisions that an older version saved keep their old key until the next change. */
const decisionsSchema = z.array(z.preprocess(withCurrentNames, decisionSchema))

export const readDecisions = (folder: string): Promise<Decision[]> => readPlannerNote(folder, decisionsFile, decisionsSchema, [])

/** The latest decision about a server counts; sorted by server. */
export const saveDecisions = (folder: string, newDecisions: readonly Omit<Decision, 'decided_at'>[], now: Date): Promise<void> =>
  updateDecisions(folder, (decisionsByServer) => {
    for (const decision of newDecisions) decisionsByServer.set(decision.server_id, { ...decision, decided_at: now.toISOString() })
  })

export const withdrawDecisions = (folder: string, servers: readonly string[]): Promise<void> =>
  updateDecisions(folder, (decisionsByServer) => {
    for (const server of servers) decisionsByServer.delete(server)
  })

const updateDecisions = (folder: string, apply: (decisions: Map<string, Decision>) => void): Promise<void> =>
  updatePlannerNote(folder, decisionsFile, decisionsSchema, [], (newDecisions) => {
    const decisionsByServer = new Map(newDecisions.map((decision) => [decision.server_id, decision]))
    apply(decisionsByServer)
    return [...decisionsByServer.values()].sort((a, b) => (a.server_id < b.server_id ? -1 : 1))
  })

/** Table `decisions`: server_id, recommendation, verdict, reason. */
export const createDecisionsTable = async (database: Database, folder: string): Promise<void> => {
  const decisions = await readDecisions(folder)
  await database.storeRows(
    'decisions',
    { server_id: 'VARCHAR', recommendation: 'VARCHAR', verdict: 'VARCHAR', reason: 'VARCHAR' },
    decisions.map(({ server_id, recommendation, verdict, reason }) => [server_id, recommendation, verdict, reason]),
  )
}
