// The engine bundle on this machine: its files, size and hash.
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

const engineSchema = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int(), version: z.string() })

export interface EngineBundle extends z.infer<typeof engineSchema> {
  readonly archive: string
  readonly startScript: string
  readonly startScriptBytes: number
}

/** HEADROOM_ENGINE, or `engine` folders next to and above this code (the build's out/engine). */
const candidateFolders = (): string[] => {
  const override = process.env['HEADROOM_ENGINE'] ?? ''
  if (override !== '') return [override]
  const found: string[] = []
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    found.push(join(folder, 'engine'), join(folder, 'out', 'engine'))
  }
  return found
}

/** Throws cloud-setup if the bundle is missing. */
export const findEngineBundle = async (): Promise<EngineBundle> => {
  const folder = candidateFolders().find((candidate) => existsSync(join(candidate, 'engine.json')))
  if (folder === undefined) {
    throw new HeadroomError('cloud-setup', 'The engine bundle is missing.', { next: 'Create it with: npm run bundle:engine.' })
  }
  const startScript = join(folder, 'run.sh')
  return {
    ...engineSchema.parse(JSON.parse(await readFile(join(folder, 'engine.json'), 'utf8'))),
    archive: join(folder, 'headroom-engine.tar.gz'),
    startScript,
    startScriptBytes: (await stat(startScript)).size,
  }
}
