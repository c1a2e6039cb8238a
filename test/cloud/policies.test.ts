// The shipped policies against the calls that are made: everything needed is granted where it is needed, and nothing is granted in vain.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { browseBucket } from '../../src-main/cloud/browse-bucket.ts'
import { fetchRun } from '../../src-main/cloud/fetch-run.ts'
import { awaitTrip, launchTrip } from '../../src-main/cloud/launch-trip.ts'
import { listJobs } from '../../src-main/cloud/list-jobs.ts'
import { listExecutionRoles } from '../../src-main/cloud/list-roles.ts'
import { preflight } from '../../src-main/cloud/preflight.ts'
import { stopJob } from '../../src-main/cloud/stop-job.ts'
import { identifyCaller } from '../../src-main/cloud/connection.ts'
import { failureOf, openCloudPlace, placeBucket, type CloudPlace } from '../fixtures/cloud-place.ts'
import { hasNamespaces } from '../simulator/container.ts'
import type { RecordedRequest } from '../simulator/simulator.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value))
const policySchema = z.object({
  Version: z.literal('2012-10-17'),
  Statement: z.array(z.looseObject({ Effect: z.literal('Allow'), Action: oneOrMore, Resource: oneOrMore.default([]) })),
})

const readPolicy = async (name: string) =>
  policySchema.parse(JSON.parse(await readFile(join(import.meta.dirname, '..', '..', 'resources', 'cloud', name), 'utf8')))

/** Action of an operation where it has another name. */
const s3Actions: Readonly<Record<string, string>> = {
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  HeadObject: 's3:GetObject',
  ListParts: 's3:ListMultipartUploadParts',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  ListObjectsV2: 's3:ListBucket',
  HeadBucket: 's3:ListBucket',
  ListBuckets: 's3:ListAllMyBuckets',
}
const needOf = ({ service, operation, url }: RecordedRequest): { action: string; resource: string } => {
  const path = decodeURIComponent(url.split('?')[0]!).replace(/^\/|\/$/g, '')
  if (service === 's3') return { action: s3Actions[operation] ?? `s3:${operation}`, resource: `arn:aws:s3:::${path}` }
  return { action: `${service}:${operation}`, resource: '' }
}

let place: CloudPlace
let needed: { action: string; resource: string }[]

beforeAll(async () => {
  place = await openCloudPlace({ engine: 'sleep 1; echo done' })
  const { connection, journal } = place
  const large = join(place.folder, 'large.parquet')
  await writeFile(large, Buffer.alloc(17 * 1024 * 1024, 'x'))
  await preflight(connection, place.request())
  const caller = await identifyCaller(connection)
  const request = place.request({}, { input: [large] })
  place.simulator.faults.add({
    kind: 'error',
    operation: 'UploadPart',
    about: 'partNumber=2',
    code: 'AccessDenied',
    message: 'no',
    status: 403,
  })
  await failureOf(launchTrip({ connection, caller, journal, request }))
  const trip = await launchTrip({ connection, caller, journal, request })
  await stopJob(connection, trip.jobName)
  await failureOf(awaitTrip(connection, journal, trip, { pollMs: 20 }))
  const whole = await launchTrip({ connection, caller, journal, request: place.request() })
  await awaitTrip(connection, journal, whole, { pollMs: 50 })
  await listJobs(connection, journal)
  await browseBucket(connection, '', '')
  await listExecutionRoles(connection)
  place.put('risk_analysis/1/risk_flagged_forecasts.parquet', 'original')
  await fetchRun(connection, { uri: `s3://${placeBucket}/risk_analysis/1/`, folder: join(place.folder, 'home'), runId: null })
  needed = place.simulator.requests.map(needOf)
}, 60_000)
afterAll(() => place.close())

const filled = (resource: string): string =>
  resource
    .replace('BUCKET', placeBucket)
    .replace('PREFIX', 'headroom')
    .replace('FORECASTS', 'forecasts')
    .replace('REGION', 'eu-west-1')
    .replace('ACCOUNT', '123456789012')
const covers = (pattern: string, resource: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(resource)

describe.skipIf(!hasNamespaces)("the user's policy", () => {
  // Whoever has credentials may ask who they are.
  const isFree = ({ action }: { action: string }) => action === 'sts:GetCallerIdentity'

  it('grants every call, on what it is made', async () => {
    const { Statement } = await readPolicy('user-policy.json')
    const refused = needed.filter(
      (need) =>
        !isFree(need) &&
        !Statement.some(
          ({ Action, Resource }) =>
            Action.includes(need.action) &&
            (need.resource === '' || Resource.some((pattern) => pattern === '*' || covers(filled(pattern), need.resource))),
        ),
    )
    expect(refused).toEqual([])
    expect(needed.length).toBeGreaterThan(40)
  })

  it('grants nothing that is not used', async () => {
    const { Statement } = await readPolicy('user-policy.json')
    const used = new Set(needed.map(({ action }) => action))
    // These two are needed by CreateProcessingJob itself: for its role and its tags.
    const implied = new Set(['iam:PassRole', 'sagemaker:AddTags'])
    expect(Statement.flatMap(({ Action }) => Action).filter((action) => !used.has(action) && !implied.has(action))).toEqual([])
  })
})

describe('the other policies', () => {
  it('name single actions, and everything that can be narrowed is', async () => {
    for (const name of [
      'user-policy.json',
      'user-policy-kms.json',
      'execution-policy.json',
      'execution-policy-vpc-kms.json',
      'trust-policy.json',
    ]) {
      const { Statement } = await readPolicy(name)
      expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([])
      const open = Statement.filter(({ Resource }) => Resource.includes('*')).flatMap(({ Action }) => Action)
      // IAM knows no narrower resource for a list of roles.
      expect(open.filter((action) => /^(s3:(Get|Put|ListBucket)|iam:(?!ListRoles$)|kms:|sagemaker:(Create|Stop))/.test(action))).toEqual([])
    }
  })

  it('let the role do what a job does: read inputs, write runs, log', async () => {
    const { Statement } = await readPolicy('execution-policy.json')
    const may = (action: string, resource: string) =>
      Statement.some(({ Action, Resource }) => Action.includes(action) && Resource.some((pattern) => covers(filled(pattern), resource)))
    const [job] = [...place.simulator.account.jobs.values()]
    const inputs = z.array(z.object({ S3Input: z.object({ S3Uri: z.string() }) })).parse(job!.request['ProcessingInputs'])
    for (const { S3Input } of inputs) expect(may('s3:GetObject', `arn:aws:s3:::${S3Input.S3Uri.slice('s3://'.length)}x`)).toBe(true)
    expect(may('s3:PutObject', `arn:aws:s3:::${placeBucket}/headroom/runs/1/output/manifest.json`)).toBe(true)
    expect(may('s3:PutObject', `arn:aws:s3:::${placeBucket}/headroom/engine/1/headroom-engine.tar.gz`)).toBe(false)
    expect(may('logs:PutLogEvents', 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/ProcessingJobs:log-stream:x')).toBe(true)
  })
})
