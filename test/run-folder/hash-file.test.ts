// A thread hashes a file as this thread does; what fails there is thrown as it is. Needs built code.
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashFile, hashHere, hashInThread } from '../../src-main/run-folder/hash-file.ts'
import { streamRegularFile } from '../../src-main/run-folder/regular-file.ts'

const built = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'hash-worker.cjs')
let folder: string
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'headroom-hash-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the SHA-256 of a file', () => {
  // FIPS 180-2, appendix B.1.
  test('is that of the standard', async () => {
    const path = join(folder, 'abc')
    await writeFile(path, 'abc')
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect([await hashHere(path), await hashFile(path), await hashInThread(built, path)]).toEqual([expected, expected, expected])
  })
  test('of several chunks', async () => {
    const path = join(folder, 'large')
    const bytes = Buffer.alloc(3_500_001, 'headroom')
    await writeFile(path, bytes)
    expect(await hashInThread(built, path)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
  test('is read in chunks no greater than a small file', async () => {
    const path = join(folder, 'small')
    await writeFile(path, Buffer.alloc(10_000))
    const stream = await streamRegularFile(path)
    const chunkBytes = stream.readableHighWaterMark
    stream.destroy()
    expect(chunkBytes).toBe(10_000)
  })
  test('is refused of a folder, and of a file that is not there', async () => {
    await expect(hashInThread(built, folder)).rejects.toMatchObject({ code: 'run-damaged' })
    await expect(hashInThread(built, join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
