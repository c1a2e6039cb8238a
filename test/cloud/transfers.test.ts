// Files up and down: nothing is sent twice, nothing damaged is accepted, and no key leads out of the folder.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fetchRun } from '../../src-main/cloud/fetch-run.ts'
import { placeKeys, refuseKey } from '../../src-main/cloud/object-keys.ts'
import { uploadFile } from '../../src-main/cloud/upload-file.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { filesBelow } from '../fixtures/cloud-bench.ts'
import { failureOf, openCloudPlace, placeBucket, type CloudPlace } from '../fixtures/cloud-place.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { storeObject } from '../simulator/s3-objects.ts'

const mebibyte = 1024 * 1024
let sample: SampleRun
let place: CloudPlace
beforeAll(async () => {
  sample = await makeSampleRun(12)
})
afterAll(() => sample.remove())
beforeEach(async () => {
  place = await openCloudPlace()
})
afterEach(() => place.close())

const partNumbers = (from = 0) =>
  place.simulator.requests
    .slice(from)
    .filter(({ operation, status }) => operation === 'UploadPart' && status === 200)
    .map(({ url }) => Number(new URL(url, place.simulator.endpoint).searchParams.get('partNumber')))
    .sort((a, b) => a - b)

describe('an upload', () => {
  // 41 MiB in parts of 8 MiB: five whole ones and one of 1 MiB.
  const content = randomBytes(41 * mebibyte)
  const prepare = async () => {
    const path = join(place.folder, 'large.bin')
    await writeFile(path, content)
    return { bucket: placeBucket, key: 'inputs/hash/large.bin', path, bytes: content.length }
  }
  const stored = () => place.bucket.objects.get('inputs/hash/large.bin')

  it('broken off goes on with the parts that are missing', async () => {
    const upload = await prepare()
    place.simulator.faults.add({
      kind: 'error',
      operation: 'UploadPart',
      about: 'partNumber=4',
      code: 'AccessDenied',
      message: 'no',
      status: 403,
    })
    await expect(uploadFile(place.connection.s3, upload)).rejects.toThrow('no')
    const first = partNumbers()
    expect(first).not.toContain(4)
    expect(stored()).toBeUndefined()
    const from = place.simulator.requests.length
    let skipped = 0
    await uploadFile(place.connection.s3, upload, { onBytes: (bytes, wasThere) => (skipped += wasThere ? bytes : 0) })
    expect([...first, ...partNumbers(from)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
    expect(skipped).toBe(first.reduce((sum, number) => sum + (number === 6 ? 1 : 8) * mebibyte, 0))
    expect(stored()!.body.equals(content)).toBe(true)
    expect(stored()!.checksum).toMatchObject({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' })
    expect(place.bucket.uploads.size).toBe(0)
  })

  it('of what is there sends nothing', async () => {
    const upload = await prepare()
    await uploadFile(place.connection.s3, upload)
    const from = place.simulator.requests.length
    await uploadFile(place.connection.s3, upload)
    expect(place.simulator.requests.slice(from).map(({ operation }) => operation)).toEqual(['HeadObject'])
  })

  it('gives up older attempts, and is content when the answer to its completion is lost', async () => {
    const upload = await prepare()
    const target = { Bucket: placeBucket, Key: upload.key }
    for (let stale = 0; stale < 2; stale += 1) {
      await place.connection.s3.send(
        new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'FULL_OBJECT' }),
      )
    }
    place.simulator.faults.add({ kind: 'reset-after', operation: 'CompleteMultipartUpload' })
    await uploadFile(place.connection.s3, upload)
    expect(stored()!.body.equals(content)).toBe(true)
    expect(place.bucket.uploads.size).toBe(0)
  })

  it.each(['throttle', 'reset', 'reset-after'] as const)('survives %s', async (kind) => {
    const upload = await prepare()
    for (const operation of ['HeadObject', 'CreateMultipartUpload', 'UploadPart', 'ListMultipartUploads'])
      place.simulator.faults.add({ kind, operation })
    await uploadFile(place.connection.s3, upload)
    expect(stored()!.body.equals(content)).toBe(true)
  })
})

describe('a run comes home', () => {
  const runId = async () => (JSON.parse(await readFile(join(sample.run, 'manifest.json'), 'utf8')) as { run_id: string }).run_id
  const putRun = async (without: readonly string[] = []) => {
    for (const [name, content] of await filesBelow(sample.run)) if (!without.includes(name)) place.put(`runs/1/${name}`, content)
  }
  const home = () => join(place.folder, 'home')
  const fetch = async (expected?: string | null) =>
    fetchRun(place.connection, {
      uri: `s3://${placeBucket}/runs/1`,
      folder: home(),
      runId: expected === undefined ? await runId() : expected,
    })
  /** Names of files that came home otherwise than they are, or not at all. */
  const differences = async (): Promise<string[]> => {
    const [came, made] = [await filesBelow(home()), await filesBelow(sample.run)]
    return [...new Set([...came.keys(), ...made.keys()])].filter(
      (name) => came.get(name)?.equals(made.get(name) ?? Buffer.alloc(0)) !== true,
    )
  }
  const nothingLeft = async () => expect((await readdir(place.folder)).filter((name) => name.includes('home'))).toEqual([])

  it('whole, and nothing else is left', async () => {
    await putRun()
    expect(await fetch()).toMatchObject({ verified: true, files: 9, refused: [] })
    expect(await differences()).toEqual([])
    expect((await readdir(place.folder)).filter((name) => name.endsWith('.fetching'))).toEqual([])
  })

  it.each(['reset', 'half-body', 'throttle'] as const)('through %s', async (kind) => {
    await putRun()
    place.simulator.faults.add({ kind, operation: 'GetObject', about: runFiles.flaggedForecasts, times: 2 })
    await fetch()
    expect(await differences()).toEqual([])
  })

  it('through slow bodies', async () => {
    await putRun()
    place.simulator.faults.add({ kind: 'slow-body', pauseMs: 20, operation: 'GetObject', times: 3 })
    await fetch()
    expect(await differences()).toEqual([])
  })

  it('resumed where it broke off: the rest is asked for by range, if the object is the same', async () => {
    await putRun()
    place.simulator.faults.add({ kind: 'half-body', operation: 'GetObject', about: runFiles.flaggedForecasts })
    await fetch()
    const asked = place.simulator.requestsOf('GetObject').filter(({ url }) => url.includes(runFiles.flaggedForecasts))
    expect(asked.map(({ status }) => status)).toEqual([200, 206])
    expect(await differences()).toEqual([])
  })

  it('begun anew when the object has changed since it broke off', async () => {
    await putRun()
    const key = `runs/1/${runFiles.flaggedForecasts}`
    const gets = (from = 0) =>
      place.simulator.requests.slice(from).filter(({ operation, url }) => operation === 'GetObject' && url.includes(key))
    place.simulator.faults.add({ kind: 'half-body', operation: 'GetObject', about: key })
    place.simulator.faults.add({ kind: 'error', operation: 'GetObject', about: key, code: 'AccessDenied', message: 'no', status: 403 })
    expect(await failureOf(fetch())).toMatchObject({ code: 'cloud-refused' })
    expect(gets()).toHaveLength(2)
    const { body, checksum } = place.bucket.objects.get(key)!
    storeObject(place.bucket, key, body, checksum, new Date(), '"another"')
    const from = place.simulator.requests.length
    await fetch()
    expect(gets(from).map(({ status }) => status)).toEqual([200])
    expect(await differences()).toEqual([])
  })

  it('listed anew when an object changes between listing and download', async () => {
    await putRun()
    place.simulator.faults.add({
      kind: 'error',
      operation: 'GetObject',
      about: runFiles.summary,
      code: 'PreconditionFailed',
      message: 'changed',
      status: 412,
    })
    await fetch()
    expect(place.simulator.requestsOf('ListObjectsV2')).toHaveLength(2)
    expect(await differences()).toEqual([])
  })

  it('not when a transfer stays damaged, and it is asked for once more before', async () => {
    await putRun()
    const damaged = Buffer.from(await readFile(join(sample.run, runFiles.serverRisk)))
    damaged[100]! ^= 1
    place.put(`runs/1/${runFiles.serverRisk}`, damaged)
    expect(await failureOf(fetch())).toMatchObject({
      code: 'cloud-incomplete',
      message: expect.stringContaining('does not agree with the manifest'),
    })
    expect(place.simulator.requestsOf('GetObject').filter(({ url }) => url.includes(runFiles.serverRisk))).toHaveLength(2)
    await nothingLeft()
  })

  it('when one transfer was damaged on its way', async () => {
    await putRun()
    place.simulator.faults.add({ kind: 'corrupt-body', operation: 'GetObject', about: runFiles.serverRisk })
    await fetch()
    expect(await differences()).toEqual([])
  })

  it('not without a file that the manifest names, nor as another run', async () => {
    await putRun([runFiles.clusters])
    expect((await failureOf(fetch())).message).toContain(`${runFiles.clusters} is missing, so the run is incomplete.`)
    place.bucket.objects.clear()
    await putRun()
    expect((await failureOf(fetch('another'))).message).toContain('The manifest there is another run’s.')
    await nothingLeft()
  })

  it('as the original’s folder too, which has no manifest', async () => {
    place.put('runs/1/risk_flagged_forecasts.parquet', 'original')
    place.put('runs/1/module_05_summary.json', '{}')
    expect(await fetch(null)).toMatchObject({ verified: false, files: 2 })
    expect([...(await filesBelow(home())).keys()].sort()).toEqual(['module_05_summary.json', 'risk_flagged_forecasts.parquet'])
  })

  it('not into a folder with something in it', async () => {
    await putRun()
    await mkdir(home())
    await cp(join(sample.run, runFiles.clusters), join(home(), 'mine.csv'))
    expect(await failureOf(fetch())).toMatchObject({ code: 'output-not-empty' })
    expect(place.simulator.requests).toEqual([])
  })
})

describe('hostile keys', () => {
  const hostile = [
    '../outside.txt',
    'sub/../../outside.txt',
    '/etc/passwd',
    'C:/windows.txt',
    'c:evil',
    'a\\..\\b',
    'nul\0byte',
    'CON',
    'sub/aux.txt',
    'LPT1.parquet',
    './here',
    'sub//empty',
    'trailing./x',
    'space /x',
    'tab\tname',
    'quo"te',
    'n'.repeat(256),
  ]
  it.each(hostile)('%j is refused', (key) => expect(refuseKey(key)).toBeTypeOf('string'))
  it.each(['a..b', '..hidden', 'sub/part-0.parquet', 'käse.csv', 'console.txt', 'a b.txt'])('%j is a name like others', (key) =>
    expect(refuseKey(key)).toBeUndefined(),
  )

  it('never become files outside of the folder, nor two of one name', () => {
    const keys = [...hostile, 'Data.csv', 'data.CSV', 'x/y', 'X', 'fine.csv', 'caf\u00e9', 'cafe\u0301'].map((name) => ({
      key: `p/${name}`,
    }))
    const folder = resolve('some', 'folder')
    const { accepted, refused } = placeKeys(keys, 'p/', folder)
    expect(accepted.map(({ path }) => path)).toEqual(['Data.csv', 'x/y', 'fine.csv', 'caf\u00e9'])
    expect(accepted.every(({ target }) => target.startsWith(folder + sep))).toBe(true)
    expect(refused).toHaveLength(hostile.length + 3)
  })

  it('in a run’s prefix are left out and told, and the rest comes home', async () => {
    for (const name of ['../../outside.txt', 'C:/evil.txt', 'a\\b', 'Risk_Flagged_Forecasts.parquet']) place.put(`runs/2/${name}`, 'evil')
    place.put('runs/2/risk_flagged_forecasts.parquet', 'original')
    place.bucket.objects.delete('runs/2/Risk_Flagged_Forecasts.parquet')
    const fetched = await fetchRun(place.connection, {
      uri: `s3://${placeBucket}/runs/2/`,
      folder: join(place.folder, 'in', 'home'),
      runId: null,
    })
    expect(fetched.refused.map(({ key }) => key).sort()).toEqual(['runs/2/../../outside.txt', 'runs/2/C:/evil.txt', 'runs/2/a\\b'])
    expect([...(await filesBelow(join(place.folder, 'in'))).keys()]).toEqual([join('home', 'risk_flagged_forecasts.parquet')])
    expect((await readdir(place.folder)).sort()).toEqual(['engine', 'in'])
  })
})
