// What the event ledger of a run did: as its summary states it.
import { eventReportSchema, type EventReport } from '../../../src-shared/artefacts/event-report.ts'
import type { OpenRun } from '../run/open-run.ts'

/** No events where the run was made without a ledger. */
export const queryEventReport = async ({ contents }: OpenRun): Promise<EventReport> =>
  eventReportSchema.safeParse(contents.summary?.['events']).data ?? { events: [], together: null }
