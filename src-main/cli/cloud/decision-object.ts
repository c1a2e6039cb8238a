// Decisions in S3: one object of JSON lines, changed by conditional writes.
import { parseS3Address } from '../../cloud/storage/list-objects.ts'
import { readTextObject, updateTextObject } from '../../cloud/storage/update-object.ts'
import { decisionsFileName } from '../../run-folder/read-run-folder.ts'
import { parseDecisionLines, toLine, type DecisionLine, type DecisionLines } from '../../notes/decision-log.ts'
import { withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export interface DecisionStore {
  readonly name: string
  readonly read: () => Promise<DecisionLines>
  /** Adds what `make` returns for the decisions that are there; it may be called again after a change by others. */
  readonly append: (make: (existing: readonly DecisionLine[]) => readonly DecisionLine[]) => Promise<void>
}

/** `place`: s3:// address of the object, or of the prefix that holds it. */
export const openDecisionObject = (place: string, options: ConnectionOptions): DecisionStore => {
  const { bucket, key: given } = parseS3Address(place)
  const folder = given === '' || given.endsWith('/') ? given : `${given}/`
  const address = { bucket, key: given.endsWith('.jsonl') ? given : `${folder}${decisionsFileName}` }
  return {
    name: `s3://${bucket}/${address.key}`,
    read: () =>
      withConnection(options, {}, async ({ s3 }, signal) => parseDecisionLines((await readTextObject(s3, address, signal))?.text ?? '')),
    append: (make) =>
      withConnection(options, {}, ({ s3 }, signal) =>
        updateTextObject(
          s3,
          address,
          (text) => {
            const added = make(parseDecisionLines(text).lines)
            return added.length === 0 ? null : `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${added.map(toLine).join('')}`
          },
          signal,
        ),
      ),
  }
}
