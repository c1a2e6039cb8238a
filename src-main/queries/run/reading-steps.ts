// How far a reading of whole runs is, step by step: one that takes minutes where there are a million servers.
import type { ReadingProgress } from '../../../src-shared/ipc/reading-progress.ts'
import type { Database } from '../../database/database.ts'

/** What a long reading knows of the one who asked. */
export interface ReadingOptions {
  readonly signal?: AbortSignal | undefined
  /** Takes what tells the progress, as soon as there is any. */
  readonly onStart?: ((progress: () => ReadingProgress) => void) | undefined
  /** Of the database, as DuckDB writes it; 2GB by default. */
  readonly memoryLimit?: string | undefined
}

/** The steps of one reading, in their order. */
export class ReadingSteps<Label extends string> {
  readonly #labels: readonly Label[]
  readonly #database: Pick<Database, 'progress'>
  #current = 0
  /** The database counts each query from 0. */
  #highest = 0

  constructor(labels: readonly Label[], database: Pick<Database, 'progress'>, { onStart }: ReadingOptions) {
    this.#labels = labels
    this.#database = database
    onStart?.(() => this.progress())
  }

  start(label: Label): void {
    this.#current = this.#labels.indexOf(label)
  }

  progress(): ReadingProgress {
    const done = (this.#current + Math.min(1, this.#database.progress())) / this.#labels.length
    this.#highest = Math.max(this.#highest, done)
    return { label: this.#labels[this.#current]!, share: this.#highest }
  }
}
