// The engine process inside this process, for benchmarks of its responses. The app must be built.
import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'

/** It receives messages at a port that only Electron provides. */
export const startEngine = () => {
  const port = new EventEmitter()
  const responses = new EventEmitter()
  Object.assign(process, {
    parentPort: {
      on: (/** @type {string} */ event, /** @type {(message: unknown) => void} */ listener) => port.on(event, listener),
      postMessage: (/** @type {{ id: number }} */ message) => responses.emit(String(message.id), structuredClone(message)),
    },
  })
  createRequire(import.meta.url)(join(projectFolder, 'out', 'main', 'engine-host.cjs'))
  let calls = 0
  /** Milliseconds from message to response, and the response. @param {string} channel @param {object} payload @returns {Promise<{ ms: number, value: any }>} */
  return async (channel, payload) => {
    const id = ++calls
    const responded = once(responses, String(id))
    const startedAt = performance.now()
    port.emit('message', { data: structuredClone({ id, channel, payload }) })
    const [{ response }] = await responded
    if (!response.ok) throw new Error(`${channel}: ${response.error.message}`)
    return { ms: performance.now() - startedAt, value: response.value }
  }
}
