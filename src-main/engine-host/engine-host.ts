// Entry of the engine process.
import '../../src-shared/run/no-proto-accessor.ts'
import { serveParent } from '../ipc/serve-requests.ts'
import { createEngineHandlers } from './engine-handlers.ts'

serveParent(createEngineHandlers)
