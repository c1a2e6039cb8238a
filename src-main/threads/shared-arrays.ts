// Typed arrays in memory that all threads see.

export const sharedFloats = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8))

export const sharedSingles = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4))

export const sharedIntegers = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

export const sharedCounts = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(length * 4))
