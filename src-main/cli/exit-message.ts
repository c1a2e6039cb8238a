// Leaves a failure's words where a processing container hands them on: the file that HEADROOM_EXIT_MESSAGE names.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { WireError } from '../../src-shared/run/errors.ts'

/** SageMaker keeps so much of the file, and wants UTF-8. */
const maxBytes = 1024

export const writeExitMessage = ({ message, next }: WireError): void => {
  const file = process.env['HEADROOM_EXIT_MESSAGE'] ?? ''
  if (file === '') return
  const text = next === undefined ? message : `${message} ${next}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, truncateToBytes(text, maxBytes))
  } catch {
    // The log has the same words.
  }
}

/** The text, without the character that a plain cut would split. */
const truncateToBytes = (text: string, limit: number): Buffer => {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return bytes
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}
