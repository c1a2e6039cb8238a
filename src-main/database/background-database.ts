// A database in a process of lower priority: its statements take what time the processors have left.
import { fork, type ChildProcess } from 'node:child_process'
import { z } from 'zod'
import { fromWireError, HeadroomError } from '../../src-shared/run/errors.ts'
import { backgroundAnswerSchema, type BackgroundOptions, type BackgroundRequest } from './background-messages.ts'

/** A connection, here or in another process; see `Database`. */
export interface Statements {
  readonly run: (sql: string) => Promise<void>
  readonly rows: <Row>(sql: string, row: z.ZodType<Row>) => Promise<Row[]>
  readonly row: <Row>(sql: string, row: z.ZodType<Row>) => Promise<Row>
}

interface Waiting {
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (thrown: HeadroomError) => void
}

/** Close it when done. Where its process ends early, all statements under way and to come fail with `internal`. */
export class BackgroundDatabase {
  /** Undefined where the system started none. */
  readonly #child: ChildProcess | undefined
  readonly #ended: Promise<void>
  readonly #waiting = new Map<number, Waiting>()
  #failure: HeadroomError | undefined
  #lastId = 0

  /** `file`: the built code of the process. Node alone can run it: a packaged Electron runs nothing but the app. */
  constructor(file: string, options: BackgroundOptions) {
    const child = startProcess(file, options, (cause) => this.#fail(cause))
    this.#child = child
    this.#ended = new Promise((resolve) => {
      if (child === undefined) return resolve()
      child.on('message', (message) => this.#receive(message))
      child.once('error', (cause) => {
        this.#fail(cause)
        if (child.pid === undefined) resolve()
      })
      child.once('exit', () => {
        this.#fail(undefined)
        resolve()
      })
    })
  }

  /** Statements of one connection run in turn, those of several at once. */
  connection(index: number): Statements {
    const rows = async <Row>(sql: string, row: z.ZodType<Row>): Promise<Row[]> =>
      z.array(row).parse(await this.#ask({ connection: index, sql, isQuery: true }))
    return {
      run: async (sql) => void (await this.#ask({ connection: index, sql, isQuery: false })),
      rows,
      row: async (sql, row) => {
        const [first] = await rows(sql, row)
        if (first === undefined) throw new HeadroomError('internal', 'A query that always has a row returned none.', { sql })
        return first
      },
    }
  }

  /** Ends the process, with the statements under way. */
  async close(): Promise<void> {
    this.#fail(undefined)
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  #ask(request: Omit<BackgroundRequest, 'id'>): Promise<unknown[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // What cannot be sent ends the process's channel, which fails the statement.
      this.#child?.send({ id, ...request }, () => undefined)
    })
  }

  #receive(message: unknown): void {
    const answer = backgroundAnswerSchema.parse(message)
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(fromWireError(answer.error))
    else waiting?.resolve(answer.rows)
  }

  #fail(cause: unknown): void {
    this.#failure ??= new HeadroomError('internal', 'A process of the analysis ended early.', { next: 'Run again.', cause })
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

/** Some failures of the system are thrown, others are events of the process. */
const startProcess = (file: string, options: BackgroundOptions, onFailure: (cause: unknown) => void): ChildProcess | undefined => {
  try {
    return fork(file, [JSON.stringify(options)], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  } catch (cause) {
    onFailure(cause)
    return undefined
  }
}
