// A small JSON file that is parsed when read and replaced in one step when written.
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { replaceText } from '../../run-folder/replace-file.ts'

/** The file's content, or `otherwise` where it is absent or does not fit: these files are conveniences, never data. */
export const readJsonFile = async <Value>(path: string, schema: z.ZodType<Value>, fallback: Value): Promise<Value> => {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return fallback
  }
}

export const writeJsonFile = async (path: string, value: unknown): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await replaceText(path, `${JSON.stringify(value, null, 2)}\n`)
}
