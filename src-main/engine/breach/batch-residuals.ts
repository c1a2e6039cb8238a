// Residuals of the batches that paths are drawn from: as many as fit in memory, the others in a file from which a batch is read at once.
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { ReusedArrays } from '../../threads/shared-arrays.ts'

/** Where residuals may be, and how many bytes of them stay in memory; one batch more is read at a time. */
export interface ResidualsSpace {
  readonly folder: string
  readonly memoryBytes: number
}

/** Plans draw the series of all batches some servers at a time: making a batch again from the residuals of each series took most of their time. */
export class BatchResiduals {
  readonly #space: ResidualsSpace
  readonly #path: string
  readonly #inMemory = new Map<number, Float32Array>()
  readonly #inFile = new Map<number, { readonly offset: number; readonly count: number }>()
  readonly #reused = new ReusedArrays()
  #memoryBytes = 0
  #fileBytes = 0
  /** The batch of the file that was read last. */
  #read: { readonly batch: number; readonly residuals: Float32Array } | undefined

  constructor(space: ResidualsSpace) {
    this.#space = space
    this.#path = join(space.folder, `batches-${randomUUID()}`)
  }

  /** Stores a copy, once. */
  add(batch: number, residuals: Float32Array): void {
    if (this.#inMemory.has(batch) || this.#inFile.has(batch)) return
    if (this.#memoryBytes + residuals.byteLength <= this.#space.memoryBytes) {
      this.#memoryBytes += residuals.byteLength
      this.#inMemory.set(batch, residuals.slice())
      return
    }
    const file = openSync(this.#path, 'a')
    try {
      const bytes = bytesOf(residuals)
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done)
    } finally {
      closeSync(file)
    }
    this.#inFile.set(batch, { offset: this.#fileBytes, count: residuals.length })
    this.#fileBytes += residuals.byteLength
  }

  /** Those of a batch that was added; the next call may overwrite them. */
  of(batch: number): Float32Array {
    const known = this.#inMemory.get(batch)
    if (known !== undefined) return known
    if (this.#read?.batch === batch) return this.#read.residuals
    const { offset, count } = this.#inFile.get(batch)!
    const residuals = this.#reused.singles('residuals', count)
    this.#read = undefined
    const bytes = bytesOf(residuals)
    const file = openSync(this.#path, 'r')
    try {
      for (let done = 0; done < bytes.length;) {
        const read = readSync(file, bytes, done, bytes.length - done, offset + done)
        if (read === 0) throw new HeadroomError('internal', `${this.#path} was truncated while it was read.`)
        done += read
      }
    } finally {
      closeSync(file)
    }
    this.#read = { batch, residuals }
    return residuals
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
