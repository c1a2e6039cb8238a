// Typed arrays in memory that all threads see.

export const sharedFloats = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8))

export const sharedSingles = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4))

export const sharedIntegers = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

export const sharedCounts = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(length * 4))

/** Gives shared arrays that may be overwritten when the next ones are asked for: V8 frees shared memory late, and each thread must have let go of it. */
export class ReusedArrays {
  readonly #buffers = new Map<string, SharedArrayBuffer>()

  /** `length` single-precision numbers. `name`: arrays of different names do not share memory. */
  singles(name: string, length: number): Float32Array {
    const known = this.#buffers.get(name)
    const isEnough = known !== undefined && known.byteLength >= length * 4
    const buffer = isEnough ? known : new SharedArrayBuffer(length * 4)
    this.#buffers.set(name, buffer)
    return new Float32Array(buffer, 0, length)
  }
}
