// Two containers that write to one folder: never a mixture. One of the two runs is there, whole, with the fleet that its manifest names.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifyRunFolder } from '../../src-main/run-folder/read-run-folder.ts'
import { filesInManifest, runFiles } from '../../src-shared/run/run-manifest.ts'
import { pidNamespaceFlags } from '../fixtures/namespaces.ts'
import { headroomDone } from '../fixtures/run-headroom.ts'
import { compiledCodeEnvironment } from '../fixtures/shared-fixtures.ts'
import { pickOne, randomFor, rounds, tally } from '../fixtures/torture.ts'

const cli = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
const flags = pidNamespaceFlags()
const servers = [3, 5] as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-writers-'))
  for (const count of servers)
    await headroomDone(['sample', '--end', '2026-11-22', '--servers', String(count), '--out', join(folder, `${count}.parquet`), '--quiet'])
})
afterAll(() => rm(folder, { recursive: true }))

/** Analyses in a PID namespace of its own, where it has the number that the other one has in its own. */
const analyseInNamespace = (count: number, out: string): Promise<{ code: number | null; stderr: string }> => {
  const args = ['analyze', join(folder, `${count}.parquet`), '--out', out, '--quiet', '--set', 'breach_probability=false']
  const child = spawn('unshare', [...flags!, process.execPath, cli, ...args], {
    env: { ...process.env, ...compiledCodeEnvironment() },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return new Promise((finish) => {
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('close', (code) => finish({ code, stderr }))
  })
}

const stepsBack = /^Error: (Another analysis (is writing|has taken over)|The output folder .* is not empty)/

/** Servers by the manifest and by the summary inside; null where there is no run. */
const describeOutput = async (out: string): Promise<{ manifest: number; summary: number; isWhole: boolean } | null> => {
  if (!existsSync(join(out, runFiles.manifest))) return null
  const { manifest, files } = await verifyRunFolder(out)
  const summary = summarySchema.parse(JSON.parse(await readFile(join(out, runFiles.summary), 'utf8')))
  return {
    manifest: manifest.counts.total_servers,
    summary: summary.total_servers,
    isWhole: files.every(({ state }) => state === 'ok') && (await readdir(out)).sort().join() === completeRun,
  }
}
const summarySchema = z.object({ total_servers: z.number() })
const completeRun = [...filesInManifest, runFiles.manifest].sort().join()

if (flags === undefined) console.log('Skipped: two writers in two PID namespaces. This machine gives none.')

describe.skipIf(flags === undefined)('two analyses in two PID namespaces', () => {
  const parts = ['a new folder', 'an empty folder'].flatMap((place) => [1, 2].map((part) => [place, part] as const))
  test.each(parts)('into %s, part %i of 2', { timeout: 1_800_000 }, async (place, part) => {
    const overlaps = rounds(5, 50)
    const chance = randomFor(`writers ${place} ${part}`)
    for (let overlap = 0; overlap < overlaps; overlap++) {
      const out = join(folder, 'run')
      if (place === 'an empty folder') await mkdir(out)
      const first = analyseInNamespace(servers[0], out)
      await pause(chance() * pickOne(chance, [5, 100, 700]))
      const results = await Promise.all([first, analyseInNamespace(servers[1], out)])
      const winners = servers.filter((_, index) => results[index]!.code === 0)
      // Both may step back when they start in the same instant; at most one may win.
      expect(winners.length).toBeLessThan(2)
      expect(results.filter(({ code, stderr }) => code !== 0 && !(code === 2 && stepsBack.test(stderr)))).toEqual([])
      expect(await describeOutput(out)).toEqual(winners.length === 0 ? null : { manifest: winners[0], summary: winners[0], isWhole: true })
      expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([])
      await rm(out, { recursive: true, force: true })
    }
    tally('two writers in two PID namespaces on one folder', overlaps)
  })
})
