// A small JSON file that is parsed when read and replaced in one step when written.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'

/** The file's content, or `otherwise` where it is absent or does not fit: these files are conveniences, never data. */
export const readJsonFile = async <Value>(path: string, schema: z.ZodType<Value>, otherwise: Value): Promise<Value> => {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return otherwise
  }
}

export const writeJsonFile = async (path: string, value: unknown): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`)
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true })
    throw cause
  }
}
