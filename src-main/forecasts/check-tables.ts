// The tables that go with a set, read as the analysis will: what it would refuse is refused before a job is launched for it.
import { Database } from '../database/database.ts'
import { readEventsTable } from './events-table.ts'
import { loadServersTable } from './servers-table.ts'

export interface CompanionTables {
  readonly serversTable?: string | undefined
  readonly eventsTable?: string | undefined
}

/** Throws input-not-found, servers-invalid, events-invalid. */
export const validateTables = async ({ serversTable, eventsTable }: CompanionTables): Promise<void> => {
  if (eventsTable !== undefined) await readEventsTable(eventsTable)
  if (serversTable === undefined) return
  const database = await Database.open()
  try {
    await loadServersTable(database, serversTable)
  } finally {
    database.close()
  }
}
