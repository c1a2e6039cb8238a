// Caches the pages of one long list and tracks the requested ones.
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'

export const pageSize = 200
const maxCachedPages = 60

export interface Page<Row, PageResponse> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly response: PageResponse
}

export interface PagesSnapshot<PageResponse> {
  /** null until the first page is loaded. */
  readonly total: number | null
  /** Response of the first page, with totals beyond the rows. */
  readonly firstResponse: PageResponse | null
  readonly error: WireError | null
}

export class PageStore<Row, PageResponse> {
  readonly #fetch: (offset: number, limit: number) => Promise<Page<Row, PageResponse>>
  readonly #pages = new Map<number, readonly Row[]>()
  readonly #requested = new Set<number>()
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

  /** undefined while the row is loading. */
  readonly rowAt = (index: number): Row | undefined => this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize]

  /** Fetches the missing pages of this range. */
  readonly ensureLoaded = (from: number, to: number): void => {
    for (let page = Math.floor(from / pageSize); page <= Math.floor(Math.max(from, to - 1) / pageSize); page++) void this.#load(page)
  }

  async #load(page: number): Promise<void> {
    if (this.#requested.has(page)) return
    this.#requested.add(page)
    try {
      const { rows, total, response } = await this.#fetch(page * pageSize, pageSize)
      this.#pages.set(page, rows)
      for (const oldestPage of [...this.#pages.keys()].slice(0, -maxCachedPages)) {
        this.#pages.delete(oldestPage)
        this.#requested.delete(oldestPage)
      }
      this.#change({ total, firstResponse: page === 0 ? response : this.#snapshot.firstResponse, error: null })
    } catch (thrown) {
      this.#requested.delete(page)
      this.#change({ ...this.#snapshot, error: toWireError(thrown) })
    }
  }

  #change(snapshot: PagesSnapshot<PageResponse>): void {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener()
  }
}
