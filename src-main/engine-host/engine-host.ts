// Entry of the engine process.
import { serveParent } from '../ipc/serve-requests.ts'
import { createEngineHandlers } from './engine-handlers.ts'

serveParent(createEngineHandlers)
