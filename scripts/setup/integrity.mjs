// Checks a downloaded file against a pinned Subresource Integrity value.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SetupError } from './setup-error.mjs'

/** @param {string} file @returns {Promise<string>} such as "sha512-..." */
async function integrityOf(file, algorithm = 'sha512') {
  const digest = createHash(algorithm)
  await pipeline(createReadStream(file), digest)
  return `${algorithm}-${digest.digest('base64')}`
}

/** Throws unless the file's content has the pinned integrity. @param {string} file @param {string} expected */
export async function verifyIntegrity(file, expected) {
  const actual = await integrityOf(file, expected.split('-', 1)[0])
  if (actual !== expected) {
    throw new SetupError(`${basename(file)} is not the file Headroom expects (${actual} instead of ${expected}); it was not used.`)
  }
}
