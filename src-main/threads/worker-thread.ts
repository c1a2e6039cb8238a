// A worker thread that answers requests one after the other, and where its code lies.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { HeadroomError, systemErrorOf } from '../../src-shared/run/errors.ts'

/** The built file of that name next to this chunk, or in the folder above; undefined without one, as in tests of the sources. */
export const findWorkerFile = (name: string): string | undefined => {
  const folder = dirname(fileURLToPath(import.meta.url))
  return [folder, dirname(folder)].map((candidate) => join(candidate, name)).find((path) => existsSync(path))
}

/** Answers arrive in the order of the requests. */
export class WorkerThread<Request, Answer> {
  readonly #worker: Worker
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (thrown: unknown) => void }[] = []
  #failure: HeadroomError | undefined

  /** `setup`: what the worker knows from the start, as `workerData`. */
  constructor(file: string, setup: unknown) {
    this.#worker = new Worker(file, { workerData: setup })
    this.#worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer))
    this.#worker.on('error', (cause) => this.#fail(cause))
    this.#worker.on('exit', () => this.#fail(undefined))
  }

  /** `moved`: buffers that the thread takes over. */
  ask(request: Request, moved: ArrayBuffer[] = []): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(request, moved)
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(cause: unknown): void {
    this.#failure ??= systemErrorOf(cause) ?? new HeadroomError('internal', 'A worker thread ended early.', { cause })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}
