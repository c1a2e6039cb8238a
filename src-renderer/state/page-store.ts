// The pages of one long list that have been fetched so far, and those on their way.
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'

export const pageSize = 200
const maxCachedPages = 60

export interface Page<Row, PageResponse> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly response: PageResponse
}

export interface PagesSnapshot<PageResponse> {
  /** null until the first page is there. */
  readonly total: number | null
  /** Answer of the first page, for what stands beside the rows. */
  readonly firstResponse: PageResponse | null
  readonly error: WireError | null
}

export class PageStore<Row, PageResponse> {
  readonly #fetch: (offset: number, limit: number) => Promise<Page<Row, PageResponse>>
  readonly #pages = new Map<number, readonly Row[]>()
  readonly #asked = new Set<number>()
  readonly #listeners = new Set<() => void>()
  #snapshot: PagesSnapshot<PageResponse> = { total: null, firstResponse: null, error: null }

  constructor(fetch: (offset: number, limit: number) => Promise<Page<Row, PageResponse>>) {
    this.#fetch = fetch
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): PagesSnapshot<PageResponse> => this.#snapshot

  /** undefined while the row is on its way. */
  readonly rowAt = (index: number): Row | undefined => this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize]

  /** Fetches what the rows of this range lack. */
  readonly ensureLoaded = (from: number, to: number): void => {
    for (let page = Math.floor(from / pageSize); page <= Math.floor(Math.max(from, to - 1) / pageSize); page++) void this.#load(page)
  }

  async #load(page: number): Promise<void> {
    if (this.#asked.has(page)) return
    this.#asked.add(page)
    try {
      const { rows, total, response } = await this.#fetch(page * pageSize, pageSize)
      this.#pages.set(page, rows)
      for (const oldestPage of [...this.#pages.keys()].slice(0, -maxCachedPages)) {
        this.#pages.delete(oldestPage)
        this.#asked.delete(oldestPage)
      }
      this.#change({ total, firstResponse: page === 0 ? response : this.#snapshot.firstResponse, error: null })
    } catch (thrown) {
      this.#asked.delete(page)
      this.#change({ ...this.#snapshot, error: toWireError(thrown) })
    }
  }

  #change(snapshot: PagesSnapshot<PageResponse>): void {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener()
  }
}
