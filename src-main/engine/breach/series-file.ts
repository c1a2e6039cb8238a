// Short arrays of many series in a file: written series by series, read back a few series at a time.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

/** Bytes that are gathered before they are written. */
const bufferBytes = 4 * 1024 * 1024

/**
 * Holds no open file between two calls, so that whoever owns the folder may remove it at any time. Throws what the
 * file system throws. Series are numbered from 0; one that was never added reads as no bytes.
 */
export class SeriesFile {
  readonly #path: string
  readonly #froms: Float64Array
  readonly #lengths: Uint32Array
  #gathered = Buffer.alloc(0)
  #filled = 0
  #written = 0

  constructor(path: string, series: number) {
    this.#path = path
    this.#froms = new Float64Array(series)
    this.#lengths = new Uint32Array(series)
  }

  /** Each series once. The arrays' bytes are kept one after the other. */
  add(series: number, arrays: readonly (Float64Array | Float32Array | Uint8Array)[]): void {
    const length = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (this.#filled + length > this.#gathered.length) {
      this.#flush()
      if (length > this.#gathered.length) this.#gathered = Buffer.allocUnsafeSlow(Math.max(bufferBytes, length))
    }
    this.#froms[series] = this.#written + this.#filled
    this.#lengths[series] = length
    for (const { buffer, byteOffset, byteLength } of arrays) {
      this.#gathered.set(new Uint8Array(buffer, byteOffset, byteLength), this.#filled)
      this.#filled += byteLength
    }
  }

  /** The bytes of each of the series, in that order; they are overwritten by the next one's. */
  *read(series: Iterable<number>): Generator<Uint8Array> {
    this.#flush()
    if (this.#written === 0) {
      for (const _ of series) yield new Uint8Array(0)
      return
    }
    const file = openSync(this.#path, 'r')
    try {
      let bytes = new Uint8Array(0)
      for (const seriesId of series) {
        const length = this.#lengths[seriesId]!
        if (bytes.length < length) bytes = new Uint8Array(length)
        for (let bytesDone = 0; bytesDone < length;) {
          const bytesRead = readSync(file, bytes, bytesDone, length - bytesDone, this.#froms[seriesId]! + bytesDone)
          if (bytesRead === 0) throw new HeadroomError('internal', `${this.#path} became shorter while it was read.`)
          bytesDone += bytesRead
        }
        yield bytes.subarray(0, length)
      }
    } finally {
      closeSync(file)
    }
  }

  #flush(): void {
    if (this.#filled === 0) return
    const file = openSync(this.#path, 'a')
    try {
      for (let bytesDone = 0; bytesDone < this.#filled;) bytesDone += writeSync(file, this.#gathered, bytesDone, this.#filled - bytesDone)
    } finally {
      closeSync(file)
    }
    this.#written += this.#filled
    this.#filled = 0
  }
}
