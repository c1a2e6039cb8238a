// A temporary file with the arrays of many series: written series by series, read back in batches.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

/** Sizes of the write buffer: the first, and the greatest that it grows to. Small fleets need little, and V8 collects its garbage by the bytes allocated. */
const firstBufferBytes = 64 * 1024
const maxBufferBytes = 4 * 1024 * 1024

/**
 * Keeps no file open between calls, so that the folder can be removed at any time. Throws the file system's errors.
 * Series are numbered from 0; a series that was never added has no bytes.
 */
export class SeriesFile {
  readonly #path: string
  readonly #offsets: Float64Array
  readonly #lengths: Uint32Array
  #buffer = Buffer.alloc(0)
  #filled = 0
  #written = 0

  constructor(path: string, series: number) {
    this.#path = path
    this.#offsets = new Float64Array(series)
    this.#lengths = new Uint32Array(series)
  }

  /** Adds a series, once; its arrays are stored one after the other. */
  add(series: number, arrays: readonly (Float64Array | Float32Array | Int32Array | Uint8Array)[]): void {
    const length = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (this.#filled + length > this.#buffer.length) {
      this.#flush()
      const enlarged = Math.max(length, Math.min(maxBufferBytes, Math.max(firstBufferBytes, 2 * this.#buffer.length)))
      if (enlarged > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(enlarged)
    }
    this.#offsets[series] = this.#written + this.#filled
    this.#lengths[series] = length
    for (const { buffer, byteOffset, byteLength } of arrays) {
      this.#buffer.set(new Uint8Array(buffer, byteOffset, byteLength), this.#filled)
      this.#filled += byteLength
    }
  }

  /** The bytes of each series in that order; the next series overwrites them. */
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
          const bytesRead = readSync(file, bytes, bytesDone, length - bytesDone, this.#offsets[seriesId]! + bytesDone)
          if (bytesRead === 0) throw new HeadroomError('internal', `${this.#path} was truncated while it was read.`)
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
      for (let bytesDone = 0; bytesDone < this.#filled;) bytesDone += writeSync(file, this.#buffer, bytesDone, this.#filled - bytesDone)
    } finally {
      closeSync(file)
    }
    this.#written += this.#filled
    this.#filled = 0
  }
}
