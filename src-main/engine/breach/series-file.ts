// A file with the arrays of many series: written series by series, read back in batches; also several files that follow each other.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

/** Sizes of the write buffer: the first, and the greatest that it grows to. Small fleets need little, and V8 collects its garbage by the bytes allocated. */
const firstBufferBytes = 64 * 1024
const maxBufferBytes = 4 * 1024 * 1024

/** A whole file with the series `from` up to, but without, `to`, and where each of them is. */
export interface SeriesFilePart {
  readonly path: string
  readonly from: number
  readonly to: number
  readonly offsets: Float64Array
  readonly lengths: Uint32Array
}

/**
 * Keeps no file open between calls, so that the folder can be removed at any time. Throws the file system's errors.
 * Series are numbered from 0; a series that was never added has no bytes.
 */
export class SeriesFile {
  readonly #path: string
  readonly #offsets: Float64Array
  readonly #lengths: Uint32Array
  /** Of files that were written elsewhere, in the order of their series; otherwise the one file. */
  readonly #parts: readonly Pick<SeriesFilePart, 'path' | 'to'>[]
  #buffer = Buffer.alloc(0)
  #filled = 0
  #written = 0

  constructor(path: string, series: number, parts: readonly SeriesFilePart[] = []) {
    this.#path = path
    this.#offsets = new Float64Array(series)
    this.#lengths = new Uint32Array(series)
    this.#parts = parts.length === 0 ? [{ path, to: series }] : parts
    for (const { from, offsets, lengths } of parts) {
      this.#offsets.set(offsets, from)
      this.#lengths.set(lengths, from)
    }
  }

  /** Reads files that are complete, one after the other. */
  static ofParts(parts: readonly SeriesFilePart[]): SeriesFile {
    return new SeriesFile('', parts.at(-1)!.to, parts)
  }

  /** Ends the file; where the series `from` up to, but without, `to` are in it. */
  finish(from: number, to: number): SeriesFilePart {
    this.#flush()
    return { path: this.#path, from, to, offsets: this.#offsets.slice(from, to), lengths: this.#lengths.slice(from, to) }
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
    const files = new Map<string, number>()
    try {
      let bytes = new Uint8Array(0)
      for (const seriesId of series) {
        const length = this.#lengths[seriesId]!
        if (bytes.length < length) bytes = new Uint8Array(length)
        if (length > 0) this.#readInto(bytes, length, seriesId, files)
        yield bytes.subarray(0, length)
      }
    } finally {
      for (const file of files.values()) closeSync(file)
    }
  }

  #readInto(bytes: Uint8Array, length: number, seriesId: number, files: Map<string, number>): void {
    const { path } = this.#parts.find(({ to }) => seriesId < to)!
    const file = files.get(path) ?? openSync(path, 'r')
    files.set(path, file)
    for (let bytesDone = 0; bytesDone < length;) {
      const bytesRead = readSync(file, bytes, bytesDone, length - bytesDone, this.#offsets[seriesId]! + bytesDone)
      if (bytesRead === 0) throw new HeadroomError('internal', `${path} was truncated while it was read.`)
      bytesDone += bytesRead
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
