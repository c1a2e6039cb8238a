// A whole cloud run by one command: the downloaded run equals a local run, and no secret is stored anywhere.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventReportSchema } from '../../../src-shared/artefacts/event-report.ts'
import { runSummarySchema } from '../../../src-shared/artefacts/run-summary.ts'
import { runFiles, runManifestSchema } from '../../../src-shared/run/run-manifest.ts'
import { bucketName, filesBelow, openCloudCliWorkspace, type CloudCliWorkspace } from '../../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine } from '../../fixtures/linked-engine.ts'
import { ensurePackedEngine } from '../../fixtures/packed-engine.ts'
import { headroom } from '../../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'
import { rootKey } from '../../simulator/account.ts'
import { hasNamespaces } from '../../simulator/container.ts'

let workspace: CloudCliWorkspace
/** An account to which the packed engine is uploaded, as it is by users. */
let packed: CloudCliWorkspace
let sample: SampleRun

beforeAll(async () => {
  await ensurePackedEngine()
  packed = await openCloudCliWorkspace()
  workspace = await openCloudCliWorkspace({ engine: await ensureLinkedEngine() })
  sample = await makeSampleRun(24)
}, 180_000)
afterAll(async () => {
  await packed.close()
  await workspace.close()
  await sample.remove()
})

const launch = ({ cloud }: CloudCliWorkspace, ...more: string[]) =>
  cloud('launch', sample.forecasts, '--servers', join(sample.folder, 'fleet.servers.csv'), '--wait', ...more)

const anyMeasure = { last: expect.any(Number), most: expect.any(Number) }

describe('one command', () => {
  it('launches the packed engine, follows, downloads and verifies; every artefact equals the local one', async () => {
    const { code, stdout, stderr } = await launch(packed, '--download', 'home-run')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('Job Completed') })
    expect(stdout).toContain(`${Object.values(runFiles).length} files, verified`)
    const home = await filesBelow(join(packed.folder, 'home-run'))
    expect([...home.keys()].sort()).toEqual(Object.values(runFiles).sort())
    const local = await filesBelow(sample.run)
    const same = [...home.keys()].filter((name) => home.get(name)!.equals(local.get(name)!))
    expect(same.sort()).toEqual(
      Object.values(runFiles)
        .filter((name) => name !== runFiles.manifest && name !== runFiles.summary)
        .sort(),
    )
    const summaries = [home, local].map((files) => runSummarySchema.parse(JSON.parse(files.get(runFiles.summary)!.toString())))
    expect({ ...summaries[0], analyzed_at: '' }).toEqual({ ...summaries[1], analyzed_at: '' })
    const { run_id } = runManifestSchema.parse(JSON.parse(home.get(runFiles.manifest)!.toString()))
    expect([...packed.simulator.account.jobs.keys()]).toEqual([`headroom-${run_id}`])
    expect((await headroom(['verify', 'home-run'], { cwd: packed.folder })).code).toBe(0)
  }, 120_000)

  it('uploads the events table; every artefact equals the local one', async () => {
    const { horizon } = runManifestSchema.parse(JSON.parse(await readFile(join(sample.run, runFiles.manifest), 'utf8')))
    const [first, last] = [horizon.start.slice(0, 10), horizon.end.slice(0, 10)]
    const before = new Date(Date.parse(first) - 20 * 86_400_000).toISOString().slice(0, 10)
    await writeFile(
      join(workspace.folder, 'company events.csv'),
      `from,to,servers,effect,note\n${first},${last},*,60 %,Merger\n${before},${before},*,,Fair\n`,
    )
    const tables = ['--servers', join(sample.folder, 'fleet.servers.csv'), '--events', 'company events.csv']
    const { code, stderr } = await workspace.cloud('launch', sample.forecasts, ...tables, '--wait', '--download', 'with-events')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const local = join(workspace.folder, 'local-with-events')
    expect((await headroom(['analyze', sample.forecasts, ...tables, '--out', local, '--quiet'], { cwd: workspace.folder })).code).toBe(0)
    const folders = [await filesBelow(join(workspace.folder, 'with-events')), await filesBelow(local)] as const
    const differing = Object.values(runFiles).filter((name) => !folders[0].get(name)!.equals(folders[1].get(name)!))
    expect(differing.sort()).toEqual([runFiles.manifest, runFiles.summary].sort())
    const [downloaded, made] = folders.map((files) => JSON.parse(files.get(runFiles.summary)!.toString()) as Record<string, unknown>)
    expect({ ...downloaded, analyzed_at: '' }).toEqual({ ...made, analyzed_at: '' })
    expect(eventReportSchema.parse(downloaded!['events']).events).toHaveLength(2)
    // The table is an input like the forecasts: its hash is in the manifest and names its folder in the bucket.
    const tablesOf = folders.map((files) => runManifestSchema.parse(JSON.parse(files.get(runFiles.manifest)!.toString())).events_table)
    expect(tablesOf[0]).toEqual({ ...tablesOf[1], path: '/opt/ml/processing/input/events/company events.csv' })
    expect(workspace.keys().filter((key) => key.endsWith('/company events.csv'))).toHaveLength(1)
  }, 120_000)

  it('forecasts measurements by the packed engine; every artefact equals the local one', async () => {
    const rows = ['web-1', 'web-2', 'web-3'].flatMap((server, index) =>
      Array.from({ length: 90 }, (_, day) => {
        const value = 40 + 20 * index + (day % 7) + ((day * 37) % 11) / 10
        return `${server},${new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10)},cpu_p95,${value}`
      }),
    )
    await writeFile(join(packed.folder, 'measured.csv'), ['host,time,metric,value', ...rows, ''].join('\n'))
    const { code, stderr } = await packed.cloud('launch', 'measured.csv', '--wait', '--download', 'of-measurements')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const local = await headroom(['analyze', 'measured.csv', '--out', 'local-of-measurements', '--quiet'], { cwd: packed.folder })
    expect(local).toMatchObject({ code: 0 })
    const folders = [
      await filesBelow(join(packed.folder, 'of-measurements')),
      await filesBelow(join(packed.folder, 'local-of-measurements')),
    ] as const
    const differing = Object.values(runFiles).filter((name) => !folders[0].get(name)!.equals(folders[1].get(name)!))
    expect(differing.sort()).toEqual([runFiles.manifest, runFiles.summary].sort())
    const manifests = folders.map((files) => runManifestSchema.parse(JSON.parse(files.get(runFiles.manifest)!.toString())))
    expect(manifests[0]!.warnings[0]).toEqual(manifests[1]!.warnings[0])
    expect(manifests[0]!.warnings[0]).toMatchObject({ code: 'own-forecasts', message: expect.stringContaining('mstl') })
  }, 120_000)

  it('takes text files with the columns that are stated; every figure equals the local one', async () => {
    const rows = ['web-1', 'web-2', 'web-3'].flatMap((server, index) =>
      Array.from({ length: 60 }, (_, day) => {
        const value = `${40 + 20 * index + (day % 7)},5`
        return `${server};${new Date(Date.UTC(2027, 0, 1 + day)).toISOString().slice(0, 10)};${day < 40 ? value : ''};${value}`
      }),
    )
    await writeFile(join(workspace.folder, 'plan.csv'), ['box;day;busy;plan', ...rows, ''].join('\n'))
    const columns = ['server_id=box', 'timestamp=day', 'actual=busy', 'predicted=plan'].flatMap((column) => ['--map', column])
    const options = [...columns, '--decimal', 'comma', '--unit', 'cpu_p95=percent']
    const { code, stderr } = await workspace.cloud('launch', 'plan.csv', ...options, '--wait', '--download', 'of-text')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const local = await headroom(['analyze', 'plan.csv', ...options, '--out', 'local-of-text', '--quiet'], { cwd: workspace.folder })
    expect(local).toMatchObject({ code: 0 })
    const folders = [
      await filesBelow(join(workspace.folder, 'of-text')),
      await filesBelow(join(workspace.folder, 'local-of-text')),
    ] as const
    expect(folders[0].get(runFiles.serverRisk)!.equals(folders[1].get(runFiles.serverRisk)!)).toBe(true)
    const manifest = runManifestSchema.parse(JSON.parse(folders[0].get(runFiles.manifest)!.toString()))
    expect(manifest.config).toMatchObject({ decimal: 'comma', map: { server_id: 'box', predicted: 'plan' } })
    expect(manifest.counts.total_servers).toBe(3)
  }, 120_000)

  it('refuses invalid tables before any upload', async () => {
    const [events, servers] = ['broken events.csv', 'broken servers.csv'].map((name) => join(workspace.folder, name))
    await writeFile(events!, 'from,to,servers\nsoon,2026-11-30,*\n')
    await writeFile(servers!, 'name,region\nweb-1,eu\n')
    const [keys, jobs] = [workspace.keys(), workspace.simulator.account.jobs.size]
    for (const [option, path, sentence] of [
      ['--events', events!, 'Line 2, column from of the events table broken events.csv holds "soon", which is no date.'],
      ['--servers', servers!, 'The servers table broken servers.csv has no column server_id'],
    ] as const) {
      const { code, stderr } = await workspace.cloud('launch', sample.forecasts, option, path)
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(`Error: ${sentence}`) })
    }
    expect(workspace.keys()).toEqual(keys)
    expect(workspace.simulator.account.jobs.size).toBe(jobs)
  })

  it('does not open a damaged download', async () => {
    workspace.simulator.faults.addToNextJob({ kind: 'corrupt-outputs' })
    const { code, stderr } = await workspace.cloud('launch', sample.forecasts, '--wait', '--download', 'damaged')
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/\.parquet differs from the manifest, so the run is not opened/),
    })
    expect((await readdir(workspace.folder)).filter((name) => name.includes('damaged'))).toEqual([])
  }, 120_000)

  it('does not launch with an unreadable events table', async () => {
    await writeFile(join(workspace.folder, 'wrong.csv'), 'from,to,servers,effect\n2026-11-27,2026-11-30,*,15\n')
    const before = workspace.simulator.requests.length
    const { code, stderr } = await workspace.cloud('launch', sample.forecasts, '--events', 'wrong.csv')
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Line 2, column effect of the events table wrong.csv'),
    })
    expect(workspace.simulator.requests).toHaveLength(before)
  })

  it('uploads only missing files', async () => {
    const before = workspace.simulator.requests.length
    const startedAt = Date.now()
    const { code, stdout } = await workspace.cloud(
      'launch',
      sample.forecasts,
      '--servers',
      join(sample.folder, 'fleet.servers.csv'),
      '--json',
    )
    const submitted = [...workspace.simulator.account.jobs.values()].at(-1)!
    await submitted.ended
    expect(code).toBe(0)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; bytes?: number; skipped?: number })
    expect(events.map(({ type }) => type).filter((type) => type !== 'check')).toEqual([
      'planned',
      'upload',
      'upload',
      'upload',
      'upload',
      'submitted',
    ])
    expect(events.filter(({ type }) => type === 'upload').every(({ bytes, skipped }) => bytes === skipped)).toBe(true)
    const sent = workspace.simulator.requests
      .slice(before)
      .filter(({ operation }) => operation === 'PutObject' || operation === 'UploadPart')
    expect(sent.map(({ url }) => url.replace(/\d{14}[0-9a-f]{6}/, 'RUN'))).toEqual([
      `/${bucketName}/headroom/runs/RUN/settings/settings.json?x-id=PutObject`,
    ])
    console.log(`accepted ${submitted.createdAt.getTime() - startedAt} ms after the command was started`)
  })

  it('lists jobs, prints their logs and downloads their runs later', async () => {
    const { stdout: text } = await workspace.cloud('jobs', '--json')
    const { jobs } = JSON.parse(text) as { jobs: { name: string; status: string; runId: string; folder: string | null }[] }
    expect(jobs.map(({ status }) => status)).toEqual(['Completed', 'Completed', 'Completed', 'Completed'])
    expect(jobs.map(({ folder }) => folder)).toEqual([null, null, join(workspace.folder, 'of-text'), join(workspace.folder, 'with-events')])
    const [later] = jobs
    const watched = await workspace.cloud('watch', later!.name, '--json')
    const loads = watched.stdout.split('\n').filter((line) => line.includes('"type":"metrics"'))
    expect(loads.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ load: { cpu: anyMeasure, memory: anyMeasure, disk: anyMeasure } }),
    ])
    const logs = await workspace.cloud('logs', later!.name, '--search', 'FINISHED')
    expect(logs.stdout).toMatch(/^\S+Z algo-1 \{.*"type":"finished".*\}\n$/)
    const fetched = await workspace.cloud('fetch', later!.runId, 'later')
    expect(fetched).toMatchObject({ code: 0, stdout: expect.stringContaining(`${Object.values(runFiles).length} files`) })
    const again = await workspace.cloud('fetch', later!.runId, 'later')
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('not empty') })
  })

  it('leaves no credential in files, output or the bucket', async () => {
    const { stdout, stderr } = await launch(workspace, '--json', '--download', 'secretless')
    const output = [stdout, stderr, ...[...workspace.simulator.account.logs.values()].flat().map(({ message }) => message)].join('\n')
    const objects = [...workspace.simulator.account.buckets.get(bucketName)!.objects.values()].map(({ body }) => body)
    const files = [...(await filesBelow(workspace.folder)).values(), ...objects]
    for (const secret of [rootKey.secret, rootKey.id]) {
      expect(output.includes(secret)).toBe(false)
      expect(files.filter((content) => content.includes(secret))).toEqual([])
    }
    expect(await readFile(join(workspace.folder, 'secretless', 'manifest.json'), 'utf8')).toContain('"run_id"')
  }, 120_000)
})

describe.skipIf(!hasNamespaces)('the container', () => {
  it('is isolated, tagged, and receives its region', () => {
    const [job] = [...workspace.simulator.account.jobs.values()]
    expect(job!.request).toMatchObject({
      NetworkConfig: { EnableNetworkIsolation: true },
      Environment: { AWS_REGION: 'eu-west-1' },
      ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 30 } },
      StoppingCondition: { MaxRuntimeInSeconds: 3600 },
    })
  })
})
