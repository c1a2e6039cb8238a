// A file of named arrays of numbers: how a process hands results of a shard to others.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

const constructors = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
} as const

interface ArrayByKind {
  readonly float64: Float64Array
  readonly float32: Float32Array
  readonly int32: Int32Array
  readonly uint32: Uint32Array
  readonly uint8: Uint8Array
}
type ArrayKinds = Readonly<Record<string, keyof ArrayByKind>>
type NamedArrays<Kinds extends ArrayKinds> = { readonly [Name in keyof Kinds]: ArrayByKind[Kinds[Name]] }

/** Bytes of a count at the beginning of each array. */
const countBytes = 8
const pieceBytes = 64 * 1024 * 1024

/** Arrays in the order of `kinds`, each after the number of its values. The file must not exist. */
export const writeArrays = <const Kinds extends ArrayKinds>(path: string, kinds: Kinds, arrays: NamedArrays<Kinds>): void => {
  const file = openSync(path, 'wx')
  try {
    for (const name of Object.keys(kinds)) {
      const values = arrays[name]!
      writeBytes(file, new Uint8Array(Float64Array.of(values.length).buffer))
      writeBytes(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    }
  } finally {
    closeSync(file)
  }
}

const writeBytes = (file: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, pieceBytes))
}

/** Throws run-damaged where the file ends early. */
export const readArrays = <const Kinds extends ArrayKinds>(path: string, kinds: Kinds): NamedArrays<Kinds> => {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const entries = Object.entries(kinds).map(([name, kind]) => {
      const count = new Float64Array(1)
      readBytes(file, path, new Uint8Array(count.buffer, 0, countBytes))
      // A damaged count would ask for any amount of memory.
      if (!(count[0]! >= 0 && count[0]! * constructors[kind].BYTES_PER_ELEMENT <= size)) throw damagedShardError(path)
      const values = new constructors[kind](count[0]!)
      readBytes(file, path, new Uint8Array(values.buffer))
      return [name, values] as const
    })
    return Object.fromEntries(entries) as NamedArrays<Kinds>
  } finally {
    closeSync(file)
  }
}

const readBytes = (file: number, path: string, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length;) {
    const read = readSync(file, bytes, at, Math.min(bytes.length - at, pieceBytes), null)
    if (read === 0) throw damagedShardError(path)
    at += read
  }
}

/** `path`: of a file in the folder of a step. */
export const damagedShardError = (path: string, cause?: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${path} is damaged.`, { next: 'Remove its folder and run the step again.', cause })
