// Which files belong to the dataset of a cloud run: the same as in the engine, for folders and buckets.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { planLaunch } from '../../../src-main/cloud/launch/plan-launch.ts'
import { preflight } from '../../../src-main/cloud/preflight/preflight.ts'
import { listForecastObjects } from '../../../src-main/cloud/storage/forecast-objects.ts'
import { Database } from '../../../src-main/database/database.ts'
import { flagColumns } from '../../../src-main/forecasts/forecast-columns.ts'
import { findForecastFiles } from '../../../src-main/forecasts/forecast-files.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'
import { makeSampleFleet, type SampleRun } from '../../fixtures/sample-run.ts'

let workspace: CloudWorkspace
let fleet: SampleRun
let forecasts: Buffer
beforeAll(async () => {
  fleet = await makeSampleFleet(12)
  forecasts = await readFile(fleet.forecasts)
})
afterAll(() => fleet.remove())
beforeEach(async () => {
  workspace = await openCloudWorkspace()
  workspace.bucket.objects.clear()
})
afterEach(() => workspace.close())

/** The same files in a folder and below a prefix: what a launch would be given as its input. */
const writeFiles = async (files: Readonly<Record<string, string | Buffer>>): Promise<{ folder: string; prefix: string }> => {
  const folder = join(workspace.folder, 'dataset')
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
    workspace.put(`dataset/${name}`, content)
  }
  return { folder, prefix: `s3://${workspaceBucket}/dataset` }
}

const inputCheck = async (input: LaunchRequest['input'], task: Partial<LaunchRequest> = {}) =>
  (await preflight(workspace.connection, workspace.request({}, { input, ...task }))).checks.find(({ id }) => id === 'input')

const uploadedNames = async (input: LaunchRequest['input']): Promise<string[]> => {
  const { uploads } = await planLaunch(workspace.connection, workspace.request({}, { input }))
  return uploads.flatMap(({ key }) => /\/inputs\/[0-9a-f]+\/(.+)$/.exec(key)?.[1] ?? [])
}

describe('the files of a dataset', () => {
  it('may end in .parq', async () => {
    const { folder, prefix } = await writeFiles({ 'a.parq': forecasts, 'b.PQ': forecasts })
    expect(await inputCheck([folder])).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^2 files on this machine, /) })
    expect(await inputCheck(prefix)).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^2 files in S3, /) })
    expect(await inputCheck(`${prefix}/a.parq`)).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^1 file in S3, /) })
    expect(await uploadedNames([folder])).toEqual(['a.parq', 'b.PQ'])
  })

  it('begin as Parquet does, whatever their ending', async () => {
    const names = ['000000_0', '20261127_120000_00037_v74wa_1ad6f92e', 'deep/part-0.parquet.gz', 'part-1.parquet']
    const { folder, prefix } = await writeFiles({
      ...Object.fromEntries(names.map((name) => [name, forecasts])),
      'notes.txt': 'PAR',
      empty: '',
      'part-1.parquet.CRC': forecasts,
    })
    const database = await Database.open()
    const { files, leftOut } = await findForecastFiles(database, [folder])
    database.close()
    expect(files.map(({ name }) => name)).toEqual(names)
    expect([...leftOut].sort()).toEqual(['empty', 'notes.txt'])
    expect(await uploadedNames([folder])).toEqual(names)
    expect((await listForecastObjects(workspace.connection.s3, prefix)).objects.map(({ key }) => key)).toEqual(
      names.map((name) => `dataset/${name}`),
    )
    expect(await inputCheck(prefix)).toMatchObject({ state: 'warning', detail: expect.stringMatching(/^4 files in S3, /) })
  })

  it('exclude Spark’s hidden folders and files', async () => {
    const { folder, prefix } = await writeFiles({
      'part-0.parquet': forecasts,
      _SUCCESS: '',
      '_temporary/0/task/part-1.parquet': 'PAR1 half-written',
      '.part-0.parquet.crc': 'crc',
      '.part-2.parquet': 'PAR1 half-written',
    })
    expect(await inputCheck([folder])).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^1 file on this machine, /) })
    expect(await inputCheck(prefix)).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^1 file in S3, /) })
    expect(await uploadedNames([folder])).toEqual(['part-0.parquet'])
  })

  it('are those that the engine reads, and only they count for the size of a launch', async () => {
    const { folder, prefix } = await writeFiles({
      'metric=cpu/part-0.parquet': forecasts,
      'metric=cpu/_part-9.parquet': forecasts,
      'metric=mem/deep/part-1.PARQ': forecasts,
      'notes.txt': Buffer.alloc(2_000_000),
      '.trash/part-2.parquet': forecasts,
    })
    const database = await Database.open()
    const { files: found } = await findForecastFiles(database, [folder])
    database.close()
    const { objects, bytes, ignored, leftOut } = await listForecastObjects(workspace.connection.s3, prefix)
    expect(found.map(({ name }) => name)).toEqual(['metric=cpu/part-0.parquet', 'metric=mem/deep/part-1.PARQ'])
    expect(await uploadedNames([folder])).toEqual(found.map(({ name }) => name))
    expect(objects.map(({ key }) => key)).toEqual(found.map(({ name }) => `dataset/${name}`))
    expect([bytes, ignored, leftOut]).toEqual([2 * forecasts.length, 3, ['notes.txt']])
  })

  it('exclude siblings with the same name prefix', async () => {
    workspace.put('fleet.parquet', forecasts)
    workspace.put('fleet.parquet.old.parquet', forecasts)
    workspace.put('fleet2/part.parquet', forecasts)
    workspace.put('spark.parquet/part-0.parquet', forecasts)
    workspace.put('spark.parquet-old/part-0.parquet', forecasts)
    const keysAt = async (input: string) =>
      (await listForecastObjects(workspace.connection.s3, `s3://${workspaceBucket}/${input}`)).objects.map(({ key }) => key)
    expect(await keysAt('fleet.parquet')).toEqual(['fleet.parquet'])
    expect(await keysAt('fleet')).toEqual([])
    expect(await keysAt('spark.parquet')).toEqual(['spark.parquet/part-0.parquet'])
  })

  it.each([
    ['Parquet', () => forecasts],
    ['text', () => Buffer.from('host,time,forecast\nweb-1,2027-01-01,50\n')],
    ['compressed text', () => gzipSync('host;time;forecast\nweb-1;2027-01-01;50\n')],
  ])('may be one object or file without an ending: %s', async (_, contents) => {
    const { folder, prefix } = await writeFiles({ 'forecast/part-00000': contents(), 'forecast/part-000001': contents() })
    const uri = `${prefix}/forecast/part-00000`
    expect(await listForecastObjects(workspace.connection.s3, uri)).toMatchObject({
      uri,
      prefix: 'dataset/forecast/',
      objects: [{ key: 'dataset/forecast/part-00000' }],
    })
    expect(await inputCheck(uri)).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^1 file in S3, /) })
    expect(await inputCheck([join(folder, 'forecast/part-00000')])).toMatchObject({ state: 'ok' })
    for (const input of [uri, [join(folder, 'forecast/part-00000')]]) {
      const plan = await planLaunch(workspace.connection, workspace.request({}, { input }))
      const { ProcessingInputs: mounts, AppSpecification: app } = plan.job('job')
      expect(mounts?.find(({ InputName: name }) => name === 'data')?.S3Input?.S3Uri).toMatch(/\/part-00000$/)
      expect(app?.ContainerArguments?.[1]).toBe('/opt/ml/processing/input/data/part-00000')
    }
  })

  it('may have a required column in folder names, and names of columns that the analysis writes', async () => {
    const withoutServers = Buffer.from(forecasts)
    for (let at = withoutServers.indexOf('server_id'); at >= 0; at = withoutServers.indexOf('server_id', at + 1))
      withoutServers.write('nonserver', at, 9, 'latin1')
    const { folder, prefix } = await writeFiles({ 'server_id=host-1/part.parquet': withoutServers })
    expect([await inputCheck([folder]), await inputCheck(prefix)]).toMatchObject([{ state: 'ok' }, { state: 'ok' }])

    await writeFiles({ 'is_selected=1/server_id=host-1/part.parquet': withoutServers })
    expect(await inputCheck(`${prefix}/is_selected=1`)).toMatchObject({ state: 'ok' })
    expect(await inputCheck(prefix)).toMatchObject({ state: 'ok' })
  })
})

it('Spark finds the files of a dataset by the same names', async () => {
  const script = await readFile(join(import.meta.dirname, '../../../resources/spark/run_plan.py'), 'utf8')
  expect(script).toContain('PARQUET_ENDING = re.compile(r"\\.(parquet|parq|pq)$", re.IGNORECASE)')
  expect(script).toContain('HIDDEN = re.compile(r"(^|/)[._]|\\.crc$", re.IGNORECASE)')
  for (const column of flagColumns) expect(script).toContain(`    "${column}",`)
  expect(script).toContain('PARQUET_HEADS = (b"PAR1", b"PARE")')
})
