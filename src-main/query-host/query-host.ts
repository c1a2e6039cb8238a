// Entry of the process for the user's own SQL. It reads the tables of one run and is ended when a query is late or cancelled.
import '../../src-shared/run/no-proto-accessor.ts'
import { serveParent } from '../ipc/serve-requests.ts'
import { queryHandlers } from './query-handlers.ts'

serveParent(() => queryHandlers)
