// Uploads and downloads: no file is sent twice, no damaged file is accepted, and no key leaves the folder.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { downloadRunFolder } from '../../../src-main/cloud/download/download-run-folder.ts'
import { downloadObject } from '../../../src-main/cloud/storage/download-object.ts'
import { TransferSlots } from '../../../src-main/cloud/storage/transfers.ts'
import { localPathsFor, findKeyProblem } from '../../../src-main/cloud/storage/object-keys.ts'
import { uploadFiles, type MultipartUploads, type Upload, type UploadOptions } from '../../../src-main/cloud/storage/upload-files.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { filesBelow } from '../../fixtures/cloud-cli-workspace.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'
import { defaultChecksum, storeObject } from '../../simulator/s3-objects.ts'

const mebibyte = 1024 * 1024
let sample: SampleRun
let workspace: CloudWorkspace
beforeAll(async () => {
  sample = await makeSampleRun(12)
})
afterAll(() => sample.remove())
beforeEach(async () => {
  workspace = await openCloudWorkspace()
})
afterEach(() => workspace.close())

const uploadFile = (upload: Upload, options?: UploadOptions) => uploadFiles(workspace.connection.s3, [upload], options)

const partNumbers = (from = 0) =>
  workspace.simulator.requests
    .slice(from)
    .filter(({ operation, status }) => operation === 'UploadPart' && status === 200)
    .map(({ url }) => Number(new URL(url, workspace.simulator.endpoint).searchParams.get('partNumber')))
    .sort((a, b) => a - b)

describe('an upload', () => {
  // Parts of 8, 8 and 1 MiB.
  const content = randomBytes(17 * mebibyte)
  const prepare = async () => {
    const path = join(workspace.folder, 'large.bin')
    await writeFile(path, content)
    return { bucket: workspaceBucket, folder: 'inputs/hash/', key: 'inputs/hash/large.bin', path, bytes: content.length }
  }
  const stored = () => workspace.bucket.objects.get('inputs/hash/large.bin')
  /** What one launch remembers. */
  const remember = (): MultipartUploads => {
    const uploads = new Map<string, string>()
    return { find: (key) => uploads.get(key), save: async (key, id) => void uploads.set(key, id) }
  }

  it('resumes with the missing parts', async () => {
    const upload = await prepare()
    const multipartUploads = remember()
    workspace.simulator.faults.add({
      kind: 'error',
      operation: 'UploadPart',
      about: 'partNumber=2',
      code: 'AccessDenied',
      message: 'no',
      status: 403,
    })
    await expect(uploadFile(upload, { multipartUploads })).rejects.toThrow('no')
    const first = partNumbers()
    expect(first).not.toContain(2)
    expect(stored()).toBeUndefined()
    const from = workspace.simulator.requests.length
    let skipped = 0
    const onBytes = (bytes: number, wasStored: boolean) => (skipped += wasStored ? bytes : 0)
    await uploadFile(upload, { multipartUploads, onBytes })
    expect([...first, ...partNumbers(from)].sort((a, b) => a - b)).toEqual([1, 2, 3])
    expect(skipped).toBe(first.reduce((sum, number) => sum + (number === 3 ? 1 : 8) * mebibyte, 0))
    expect(stored()!.body.equals(content)).toBe(true)
    expect(stored()!.checksum).toMatchObject({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' })
    expect(workspace.bucket.uploads.size).toBe(0)
  })

  it('of an existing object sends nothing', async () => {
    const upload = await prepare()
    await uploadFile(upload)
    const from = workspace.simulator.requests.length
    await uploadFile(upload)
    expect(workspace.simulator.requests.slice(from).map(({ operation }) => operation)).toEqual(['ListObjectsV2'])
  })

  it('succeeds when the response to its completion is lost', async () => {
    const upload = await prepare()
    workspace.simulator.faults.add({ kind: 'reset-after', operation: 'CompleteMultipartUpload' })
    await uploadFile(upload, { multipartUploads: remember() })
    expect(stored()!.body.equals(content)).toBe(true)
    expect(workspace.bucket.uploads.size).toBe(0)
  })

  it('leaves the unfinished upload of another launch alone, which then resumes', async () => {
    const upload = await prepare()
    const [first, second] = [remember(), remember()]
    const refusal = { kind: 'error', operation: 'UploadPart', code: 'AccessDenied', message: 'no', status: 403 } as const
    workspace.simulator.faults.add({ ...refusal, about: 'partNumber=3' })
    await expect(uploadFile(upload, { multipartUploads: first })).rejects.toThrow('no')
    workspace.simulator.faults.add({ ...refusal, about: 'partNumber=2' })
    await expect(uploadFile(upload, { multipartUploads: second })).rejects.toThrow('no')
    expect(new Set(workspace.bucket.uploads.keys())).toEqual(new Set([first.find(upload.key), second.find(upload.key)]))
    expect(workspace.simulator.requestsOf('AbortMultipartUpload')).toEqual([])
    await uploadFile(upload, { multipartUploads: first })
    expect([...workspace.bucket.uploads.keys()]).toEqual([second.find(upload.key)])
    await uploadFile(upload, { multipartUploads: second })
    expect(workspace.bucket.uploads.size).toBe(0)
    expect(stored()!.body.equals(content)).toBe(true)
  })

  it('of two launches at once completes once; the other one finds the object and removes what it sent', async () => {
    const upload = await prepare()
    const first = remember()
    let isSecondDone: Promise<void> | undefined
    const save = first.save
    const multipartUploads = {
      ...first,
      // The second launch begins and ends while the first one uploads.
      save: async (key: string, id: string) => {
        await save(key, id)
        isSecondDone = uploadFile(upload, { multipartUploads: remember() })
        await isSecondDone
      },
    }
    let counted = 0
    await uploadFile(upload, { multipartUploads, onBytes: (bytes) => (counted += bytes) })
    expect(workspace.simulator.requestsOf('CompleteMultipartUpload').map(({ status }) => status)).toEqual([200, 412])
    expect([workspace.bucket.uploads.size, counted]).toEqual([0, content.length])
    expect(stored()!.body.equals(content)).toBe(true)
  })

  it('replaces an object of another size, and only the one that it saw', async () => {
    const path = join(workspace.folder, 'small.bin')
    const upload = { bucket: workspaceBucket, folder: 'inputs/hash/', key: 'inputs/hash/small.bin', path, bytes: 5 }
    await writeFile(path, 'whole')
    const busy = { kind: 'error', operation: 'PutObject', code: 'ConditionalRequestConflict', message: 'busy', status: 409 } as const
    const send = () => uploadFile(upload)
    workspace.put(upload.key, 'cut')
    workspace.simulator.faults.add({ ...busy, times: 2 })
    await send()
    expect(workspace.bucket.objects.get(upload.key)!.body.toString()).toBe('whole')
    workspace.put(upload.key, 'cut')
    workspace.simulator.faults.add({ ...busy, times: 99 })
    expect(await failureOf(send())).toMatchObject({
      code: 'cloud-setup',
      message: 'Another program keeps writing inputs/hash/small.bin.',
    })
    expect(workspace.bucket.objects.get(upload.key)!.body.toString()).toBe('cut')
  })

  it.each(['throttle', 'reset', 'reset-after'] as const)('survives %s', async (kind) => {
    const upload = await prepare()
    for (const operation of ['ListObjectsV2', 'CreateMultipartUpload', 'UploadPart']) workspace.simulator.faults.add({ kind, operation })
    await uploadFile(upload)
    expect(stored()!.body.equals(content)).toBe(true)
  })
})

describe('many files', () => {
  const content = randomBytes(100)
  const prepare = async (count: number): Promise<Upload[]> => {
    const path = join(workspace.folder, 'part.bin')
    await writeFile(path, content)
    const folder = 'inputs/hash/'
    return Array.from({ length: count }, (_, at) => ({
      bucket: workspaceBucket,
      folder,
      key: `${folder}${at}`,
      path,
      bytes: content.length,
    }))
  }

  it('are uploaded 16 at once after one listing, and downloaded likewise', async () => {
    const uploads = await prepare(64)
    const { simulator } = workspace
    simulator.faults.add({ kind: 'delay', operation: 'PutObject', milliseconds: 40, times: 64 })
    await uploadFiles(workspace.connection.s3, uploads)
    expect([simulator.requestsOf('ListObjectsV2').length, simulator.requestsOf('PutObject').length]).toEqual([1, 64])
    expect(simulator.maxAtOnce).toBe(16)
    simulator.maxAtOnce = 0
    simulator.faults.add({ kind: 'delay', operation: 'GetObject', milliseconds: 40, times: 65 })
    workspace.put('inputs/hash/risk_flagged_forecasts.parquet', content)
    const folder = join(workspace.folder, 'home')
    const uri = `s3://${workspaceBucket}/inputs/hash/`
    expect(await downloadRunFolder(workspace.connection, { uri, folder, runId: null })).toMatchObject({ files: 65 })
    expect(simulator.maxAtOnce).toBe(16)
    expect([...(await filesBelow(folder)).values()].every((body) => body.equals(content))).toBe(true)
  })

  it('stop at the first refusal', async () => {
    const uploads = await prepare(64)
    workspace.simulator.faults.add({ kind: 'error', operation: 'PutObject', code: 'AccessDenied', message: 'no', status: 403, times: 99 })
    await expect(uploadFiles(workspace.connection.s3, uploads)).rejects.toThrow('no')
    expect(workspace.simulator.requestsOf('PutObject').length).toBeLessThanOrEqual(16)
  })
})

describe('a large object', () => {
  const content = randomBytes(18 * mebibyte)
  const download = (folder: string) => {
    workspace.put('runs/3/risk_flagged_forecasts.parquet', content)
    return downloadRunFolder(workspace.connection, { uri: `s3://${workspaceBucket}/runs/3/`, folder, runId: null })
  }
  const ranges = (from = 0) =>
    workspace.simulator.requests
      .slice(from)
      .filter(({ operation }) => operation === 'GetObject')
      .map(({ range }) => range)
      .sort((a, b) => a.localeCompare(b))

  it('is downloaded in ranges; after an interruption only the missing ones are requested', async () => {
    const folder = join(workspace.folder, 'home')
    const refusal = { kind: 'error', operation: 'GetObject', code: 'AccessDenied', message: 'no', status: 403 } as const
    workspace.simulator.faults.add({ ...refusal, after: 2 })
    expect(await failureOf(download(folder))).toMatchObject({ code: 'cloud-refused' })
    const first = ranges()
    expect(first).toHaveLength(3)
    const from = workspace.simulator.requests.length
    workspace.simulator.faults.add({ kind: 'half-body', operation: 'GetObject' })
    const uri = `s3://${workspaceBucket}/runs/3/`
    await downloadRunFolder(workspace.connection, { uri, folder, runId: null })
    // The range that was refused, and the rest of it after the connection broke.
    expect(ranges(from)).toHaveLength(2)
    expect((await readFile(join(folder, 'risk_flagged_forecasts.parquet'))).equals(content)).toBe(true)
    expect(await readdir(folder)).toEqual(['risk_flagged_forecasts.parquet'])
  })
})

describe('a run is downloaded', () => {
  const runId = async () => (JSON.parse(await readFile(join(sample.run, 'manifest.json'), 'utf8')) as { run_id: string }).run_id
  const putRun = async (without: readonly string[] = []) => {
    for (const [name, content] of await filesBelow(sample.run)) if (!without.includes(name)) workspace.put(`runs/1/${name}`, content)
  }
  const target = () => join(workspace.folder, 'home')
  const download = async (expected?: string | null) =>
    downloadRunFolder(workspace.connection, {
      uri: `s3://${workspaceBucket}/runs/1`,
      folder: target(),
      runId: expected === undefined ? await runId() : expected,
    })
  /** Names of files that are missing or differ after the download. */
  const differences = async (): Promise<string[]> => {
    const [downloaded, made] = [await filesBelow(target()), await filesBelow(sample.run)]
    return [...new Set([...downloaded.keys(), ...made.keys()])].filter(
      (name) => downloaded.get(name)?.equals(made.get(name) ?? Buffer.alloc(0)) !== true,
    )
  }
  const expectNothingLeft = async () => expect((await readdir(workspace.folder)).filter((name) => name.includes('home'))).toEqual([])

  it('completely, without leftover files', async () => {
    await putRun()
    expect(await download()).toMatchObject({ verified: true, files: (await filesBelow(sample.run)).size, refused: [] })
    expect(await differences()).toEqual([])
    expect((await readdir(workspace.folder)).filter((name) => name.endsWith('.fetching'))).toEqual([])
  })

  it.each(['reset', 'half-body', 'throttle'] as const)('through %s', async (kind) => {
    await putRun()
    workspace.simulator.faults.add({ kind, operation: 'GetObject', about: runFiles.flaggedForecasts, times: 2 })
    await download()
    expect(await differences()).toEqual([])
  })

  it('despite slow responses', async () => {
    await putRun()
    workspace.simulator.faults.add({ kind: 'slow-body', pauseMs: 20, operation: 'GetObject', times: 3 })
    await download()
    expect(await differences()).toEqual([])
  })

  it('from where it was interrupted: the rest is requested by range if the object is unchanged', async () => {
    await putRun()
    workspace.simulator.faults.add({ kind: 'half-body', operation: 'GetObject', about: runFiles.flaggedForecasts })
    await download()
    const asked = workspace.simulator.requestsOf('GetObject').filter(({ url }) => url.includes(runFiles.flaggedForecasts))
    expect(asked.map(({ status }) => status)).toEqual([200, 206])
    expect(await differences()).toEqual([])
  })

  it('from the start if the object changed after the interruption', async () => {
    await putRun()
    const key = `runs/1/${runFiles.flaggedForecasts}`
    const gets = (from = 0) =>
      workspace.simulator.requests.slice(from).filter(({ operation, url }) => operation === 'GetObject' && url.includes(key))
    workspace.simulator.faults.add({ kind: 'half-body', operation: 'GetObject', about: key })
    workspace.simulator.faults.add({ kind: 'error', operation: 'GetObject', about: key, code: 'AccessDenied', message: 'no', status: 403 })
    expect(await failureOf(download())).toMatchObject({ code: 'cloud-refused' })
    expect(gets()).toHaveLength(2)
    const { body, checksum } = workspace.bucket.objects.get(key)!
    storeObject(workspace.bucket, key, body, checksum, new Date(), '"another"')
    const from = workspace.simulator.requests.length
    await download()
    expect(gets(from).map(({ status }) => status)).toEqual([200])
    expect(await differences()).toEqual([])
  })

  it('after a second listing if an object changes between listing and download', async () => {
    await putRun()
    workspace.simulator.faults.add({
      kind: 'error',
      operation: 'GetObject',
      about: runFiles.summary,
      code: 'PreconditionFailed',
      message: 'changed',
      status: 412,
    })
    await download()
    expect(workspace.simulator.requestsOf('ListObjectsV2')).toHaveLength(2)
    expect(await differences()).toEqual([])
  })

  it('but not if a second transfer is damaged too', async () => {
    await putRun()
    const damaged = Buffer.from(await readFile(join(sample.run, runFiles.serverRisk)))
    damaged[100]! ^= 1
    workspace.put(`runs/1/${runFiles.serverRisk}`, damaged)
    expect(await failureOf(download())).toMatchObject({
      code: 'cloud-incomplete',
      message: expect.stringContaining('differs from the manifest'),
    })
    expect(workspace.simulator.requestsOf('GetObject').filter(({ url }) => url.includes(runFiles.serverRisk))).toHaveLength(2)
    await expectNothingLeft()
  })

  it('but not if every transfer is damaged, and says what may help', async () => {
    await putRun()
    workspace.simulator.faults.add({ kind: 'corrupt-body', operation: 'GetObject', about: runFiles.clusters, times: 99 })
    expect(await failureOf(download())).toMatchObject({
      code: 'cloud-unreachable',
      message: `s3://${workspaceBucket}/runs/1/${runFiles.clusters} arrived damaged 6 times.`,
      next: expect.stringContaining('another network'),
    })
    expect(await readdir(workspace.folder)).not.toContain('home')
  }, 30_000)

  it('but not where more bytes come than were listed', async () => {
    const object = storeObject(workspace.bucket, 'runs/1/long.bin', Buffer.alloc(11), defaultChecksum(Buffer.alloc(11)), new Date())
    const listed = {
      bucket: workspaceBucket,
      key: 'runs/1/long.bin',
      bytes: 10,
      etag: object.etag,
      target: join(workspace.folder, 'long.bin'),
    }
    expect(await failureOf(downloadObject(workspace.connection.s3, listed, new TransferSlots()))).toMatchObject({
      code: 'cloud-incomplete',
      message: `S3 sends more bytes of s3://${workspaceBucket}/runs/1/long.bin than it lists.`,
    })
    expect(await readdir(workspace.folder)).not.toContain('long.bin')
  })

  it('after one damaged transfer', async () => {
    await putRun()
    workspace.simulator.faults.add({ kind: 'corrupt-body', operation: 'GetObject', about: runFiles.serverRisk })
    await download()
    expect(await differences()).toEqual([])
  })

  it('but not without a file of the manifest, nor as another run', async () => {
    await putRun([runFiles.clusters])
    expect((await failureOf(download())).message).toContain(`${runFiles.clusters} is missing, so the run is incomplete.`)
    workspace.bucket.objects.clear()
    await putRun()
    expect((await failureOf(download('another'))).message).toContain('The manifest belongs to another run.')
    await expectNothingLeft()
  })

  it('also from Module 05, without a manifest', async () => {
    workspace.put('runs/1/risk_flagged_forecasts.parquet', 'original')
    workspace.put('runs/1/module_05_summary.json', '{}')
    expect(await download(null)).toMatchObject({ verified: false, files: 2 })
    expect([...(await filesBelow(target())).keys()].sort()).toEqual(['module_05_summary.json', 'risk_flagged_forecasts.parquet'])
  })

  it('but not into a folder with files', async () => {
    await putRun()
    await mkdir(target())
    await cp(join(sample.run, runFiles.clusters), join(target(), 'mine.csv'))
    expect(await failureOf(download())).toMatchObject({ code: 'output-not-empty' })
    expect(workspace.simulator.requests).toEqual([])
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
  it.each(hostile)('%j is refused', (key) => expect(findKeyProblem(key)).toBeTypeOf('string'))
  it.each(['a..b', '..hidden', 'sub/part-0.parquet', 'käse.csv', 'console.txt', 'a b.txt'])('%j is accepted', (key) =>
    expect(findKeyProblem(key)).toBeUndefined(),
  )

  it('never become files outside the folder, or two files of one name', () => {
    const keys = [...hostile, 'Data.csv', 'data.CSV', 'x/y', 'X', 'fine.csv', 'caf\u00e9', 'cafe\u0301'].map((name) => ({
      key: `p/${name}`,
    }))
    const folder = resolve('some', 'folder')
    const { accepted, refused } = localPathsFor(keys, 'p/', folder)
    expect(accepted.map(({ path }) => path)).toEqual(['Data.csv', 'x/y', 'fine.csv', 'caf\u00e9'])
    expect(accepted.every(({ target }) => target.startsWith(folder + sep))).toBe(true)
    expect(refused).toHaveLength(hostile.length + 3)
  })

  it('in a run’s prefix are skipped and reported, and the rest is downloaded', async () => {
    for (const name of ['../../outside.txt', 'C:/evil.txt', 'a\\b', 'Risk_Flagged_Forecasts.parquet'])
      workspace.put(`runs/2/${name}`, 'evil')
    workspace.put('runs/2/risk_flagged_forecasts.parquet', 'original')
    workspace.bucket.objects.delete('runs/2/Risk_Flagged_Forecasts.parquet')
    const fetched = await downloadRunFolder(workspace.connection, {
      uri: `s3://${workspaceBucket}/runs/2/`,
      folder: join(workspace.folder, 'in', 'home'),
      runId: null,
    })
    expect(fetched.refused.map(({ key }) => key).sort()).toEqual(['runs/2/../../outside.txt', 'runs/2/C:/evil.txt', 'runs/2/a\\b'])
    expect([...(await filesBelow(join(workspace.folder, 'in'))).keys()]).toEqual([join('home', 'risk_flagged_forecasts.parquet')])
    expect((await readdir(workspace.folder)).sort()).toEqual(['engine', 'in'])
  })
})
