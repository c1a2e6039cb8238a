// The engine's process, here in this process behind the messages it takes: for benchmarks of what it answers. The app must be built.
import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'

/** It takes messages at a port that only Electron gives. */
export const startEngine = () => {
  const port = new EventEmitter()
  const responses = new EventEmitter()
  Object.assign(process, {
    parentPort: {
      on: (/** @type {string} */ event, /** @type {(message: unknown) => void} */ listener) => port.on(event, listener),
      postMessage: (/** @type {{ id: number }} */ report) => responses.emit(String(report.id), structuredClone(report)),
    },
  })
  createRequire(import.meta.url)(join(projectFolder, 'out', 'main', 'engine-host.cjs'))
  let calls = 0
  /** Milliseconds from message to answer, and the answer. @param {string} call @param {object} payload @returns {Promise<{ ms: number, value: any }>} */
  return async (call, payload) => {
    const id = ++calls
    const responded = once(responses, String(id))
    const startedAt = performance.now()
    port.emit('message', { data: structuredClone({ id, call, payload }) })
    const [report] = await responded
    if (!report.ok) throw new Error(`${call}: ${report.error.message}`)
    return { ms: performance.now() - startedAt, value: report.value }
  }
}
