// The simulator answers as AWS documents: signatures, checksums, pages, conditions, redirects, limits and statuses, seen by the real SDK.
import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import {
  CreateProcessingJobCommand,
  DescribeProcessingJobCommand,
  ListProcessingJobsCommand,
  SageMakerClient,
  StopProcessingJobCommand,
  type CreateProcessingJobCommandInput,
} from '@aws-sdk/client-sagemaker'
import { ListServiceQuotasCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rootKey } from './account.ts'
import { checksumOf, compositeOf } from './checksums.ts'
import { hasNamespaces } from './container.ts'
import { AwsSimulator } from './simulator.ts'

let simulator: AwsSimulator
const credentials = { accessKeyId: rootKey.id, secretAccessKey: rootKey.secret }
const options = (region = 'eu-west-1') => ({ endpoint: simulator.endpoint, region, credentials, maxAttempts: 1 })
const s3 = (region?: string, overrides = {}) => new S3Client({ ...options(region), forcePathStyle: true, ...overrides })

beforeAll(async () => {
  simulator = await AwsSimulator.start()
  simulator.addBucket('plain')
  simulator.addBucket('far', 'us-west-2')
})
afterAll(() => simulator.stop())

const rejectionOf = (work: Promise<unknown>): Promise<{ name: string; message: string }> =>
  work.then(
    () => ({ name: 'accepted', message: '' }),
    (error: Error) => ({ name: error.name, message: error.message }),
  )

describe('checksums', () => {
  // The check values of the catalogue of parametrised CRC algorithms: "123456789" gives cbf43926 and ae8b14860a799888.
  it('are those of the catalogue', () => {
    expect(Buffer.from(checksumOf('CRC32', Buffer.from('123456789')), 'base64').toString('hex')).toBe('cbf43926')
    expect(Buffer.from(checksumOf('CRC64NVME', Buffer.from('123456789')), 'base64').toString('hex')).toBe('ae8b14860a799888')
  })
})

describe('authentication', () => {
  const put = (client: S3Client) => rejectionOf(client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'none' })))
  it('checks key, secret, time and token', async () => {
    expect((await put(s3())).name).toBe('NotFound')
    const list = (overrides: object) => rejectionOf(s3('eu-west-1', overrides).send(new ListObjectsV2Command({ Bucket: 'plain' })))
    expect((await list({ credentials: { ...credentials, accessKeyId: 'AKIAUNKNOWN' } })).name).toBe('InvalidAccessKeyId')
    expect((await list({ credentials: { ...credentials, secretAccessKey: 'wrong' } })).name).toBe('SignatureDoesNotMatch')
    simulator.clockSkewMs = 10 * 60_000
    expect((await list({})).name).toBe('RequestTimeTooSkewed')
    simulator.clockSkewMs = 0
  })

  it('assumes roles that trust it, with a code if MFA is required, until they expire', async () => {
    const sts = new STSClient(options())
    const role = simulator.account.roles.get('Planner')!.arn
    const ask = { RoleArn: role, RoleSessionName: 'test' }
    expect((await rejectionOf(sts.send(new AssumeRoleCommand({ ...ask, SerialNumber: 'arn:mfa', TokenCode: '000000' })))).name).toBe(
      'AccessDenied',
    )
    const { Credentials: given } = await sts.send(new AssumeRoleCommand({ ...ask, SerialNumber: 'arn:mfa', TokenCode: '424242' }))
    const assumed = { accessKeyId: given!.AccessKeyId!, secretAccessKey: given!.SecretAccessKey!, sessionToken: given!.SessionToken! }
    const who = () => new STSClient({ ...options(), credentials: assumed }).send(new GetCallerIdentityCommand({}))
    expect((await who()).Arn).toBe('arn:aws:sts::123456789012:assumed-role/Planner/test')
    simulator.clockSkewMs = 2 * 3_600_000
    const late = new STSClient({ ...options(), credentials: assumed, systemClockOffset: simulator.clockSkewMs })
    expect((await rejectionOf(late.send(new GetCallerIdentityCommand({})))).name).toBe('ExpiredTokenException')
    simulator.clockSkewMs = 0
  })
})

describe('S3', () => {
  it('stores objects with checksums, serves ranges, honours conditions', async () => {
    const client = s3()
    const target = { Bucket: 'plain', Key: 'a folder/käse+1.bin' }
    const { ETag } = await client.send(new PutObjectCommand({ ...target, Body: Buffer.from('0123456789') }))
    const range = await client.send(new GetObjectCommand({ ...target, Range: 'bytes=2-4', IfMatch: ETag! }))
    expect([await range.Body!.transformToString(), range.ContentRange]).toEqual(['234', 'bytes 2-4/10'])
    const tail = await client.send(new GetObjectCommand({ ...target, Range: 'bytes=-3' }))
    expect(await tail.Body!.transformToString()).toBe('789')
    expect((await rejectionOf(client.send(new GetObjectCommand({ ...target, IfMatch: '"other"' })))).name).toBe('PreconditionFailed')
    expect((await rejectionOf(client.send(new GetObjectCommand({ ...target, Range: 'bytes=10-' })))).name).toBe('InvalidRange')
    expect((await rejectionOf(client.send(new PutObjectCommand({ ...target, Body: 'x', IfNoneMatch: '*' })))).name).toBe(
      'PreconditionFailed',
    )
    const wrong = new PutObjectCommand({ ...target, Body: Buffer.from('0123456789'), ChecksumCRC32: 'AAAAAA==' })
    expect((await rejectionOf(client.send(wrong))).name).toBe('BadDigest')
  })

  it('joins parts under a full-object checksum, or a composite one', async () => {
    const client = s3()
    const big = Buffer.alloc(5 * 1024 * 1024, 'p')
    const tail = Buffer.from('tail')
    for (const [algorithm, type] of [
      ['CRC64NVME', 'FULL_OBJECT'],
      ['CRC32', 'COMPOSITE'],
    ] as const) {
      const target = { Bucket: 'plain', Key: `parts/${algorithm}` }
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: algorithm, ChecksumType: type }),
      )
      const parts: CompletedPart[] = []
      for (const [index, Body] of [big, tail].entries()) {
        const part = { ...target, UploadId: UploadId!, PartNumber: index + 1 }
        const sent = await client.send(new UploadPartCommand({ ...part, Body, ChecksumAlgorithm: algorithm }))
        parts.push({ PartNumber: index + 1, ETag: sent.ETag!, [`Checksum${algorithm}`]: sent[`Checksum${algorithm}`]! })
      }
      const first = await client.send(new ListPartsCommand({ ...target, UploadId: UploadId!, MaxParts: 1 }))
      expect([first.IsTruncated, first.NextPartNumberMarker, first.Parts?.[0]?.Size]).toEqual([true, '1', big.length])
      const complete = (list: CompletedPart[]) =>
        client.send(new CompleteMultipartUploadCommand({ ...target, UploadId: UploadId!, MultipartUpload: { Parts: list } }))
      expect((await rejectionOf(complete([...parts].reverse()))).name).toBe('InvalidPartOrder')
      expect((await rejectionOf(complete([{ ...parts[0]!, ETag: '"x"' }]))).name).toBe('InvalidPart')
      await complete(parts)
      const head = await client.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }))
      expect(head.ChecksumType).toBe(type)
      const stored = algorithm === 'CRC32' ? head.ChecksumCRC32 : head.ChecksumCRC64NVME
      const partChecksums = [big, tail].map((body) => checksumOf('CRC32', body))
      expect(stored).toBe(type === 'COMPOSITE' ? compositeOf('CRC32', partChecksums) : checksumOf('CRC64NVME', Buffer.concat([big, tail])))
    }
  })

  it('lists in pages and folders, and sends callers of another region to the bucket’s', async () => {
    const client = s3()
    for (const key of ['l/1', 'l/2', 'l/sub/3', 'l/sub/4'])
      await client.send(new PutObjectCommand({ Bucket: 'plain', Key: key, Body: key }))
    const page = await client.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'l/', MaxKeys: 3 }))
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['l/1', 'l/2', 'l/sub/3'])
    const next = await client.send(
      new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'l/', ContinuationToken: page.NextContinuationToken! }),
    )
    expect([next.Contents?.map(({ Key }) => Key), next.IsTruncated]).toEqual([['l/sub/4'], false])
    const folders = await client.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'l/', Delimiter: '/' }))
    expect([folders.CommonPrefixes?.map(({ Prefix }) => Prefix), folders.Contents?.length]).toEqual([['l/sub/'], 2])
    expect((await rejectionOf(client.send(new ListObjectsV2Command({ Bucket: 'far' })))).name).toBe('PermanentRedirect')
    const following = s3('eu-west-1', { followRegionRedirects: true })
    expect((await following.send(new HeadBucketCommand({ Bucket: 'far' }))).BucketRegion).toBe('us-west-2')
  })
})

const job = (overrides: Partial<CreateProcessingJobCommandInput> = {}): CreateProcessingJobCommandInput => ({
  ProcessingJobName: `job-${Math.random().toString(36).slice(2, 12)}`,
  RoleArn: simulator.account.roles.get('HeadroomProcessing')!.arn,
  AppSpecification: {
    ImageUri: '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3',
    ContainerEntrypoint: ['/bin/sh', '-c'],
    ContainerArguments: [
      'cat /opt/ml/processing/input/data/in.txt; env | sort; cp /opt/ml/processing/input/data/in.txt /opt/ml/processing/output/out.txt',
    ],
  },
  Environment: { COLOUR: 'green' },
  ProcessingInputs: [
    {
      InputName: 'data',
      S3Input: { S3Uri: 's3://plain/jobs/in/', LocalPath: '/opt/ml/processing/input/data', S3DataType: 'S3Prefix', S3InputMode: 'File' },
    },
  ],
  ProcessingOutputConfig: {
    Outputs: [
      { OutputName: 'out', S3Output: { S3Uri: 's3://plain/jobs/out', LocalPath: '/opt/ml/processing/output', S3UploadMode: 'EndOfJob' } },
    ],
  },
  ProcessingResources: { ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.xlarge', VolumeSizeInGB: 30 } },
  ...overrides,
})

describe('processing jobs', () => {
  const create = async (request: CreateProcessingJobCommandInput) => {
    await new SageMakerClient(options()).send(new CreateProcessingJobCommand(request))
    await simulator.account.jobs.get(request.ProcessingJobName!)!.ended
    return new SageMakerClient(options()).send(new DescribeProcessingJobCommand({ ProcessingJobName: request.ProcessingJobName! }))
  }

  it.skipIf(!hasNamespaces)('run the container with its inputs, a bare environment and its outputs', async () => {
    await s3().send(new PutObjectCommand({ Bucket: 'plain', Key: 'jobs/in/in.txt', Body: 'forecast\n' }))
    const request = job()
    const described = await create(request)
    expect([described.ProcessingJobStatus, described.FailureReason]).toEqual(['Completed', undefined])
    expect(simulator.account.buckets.get('plain')!.objects.get('jobs/out/out.txt')!.body.toString()).toBe('forecast\n')
    const logs = new CloudWatchLogsClient(options())
    const logGroupName = '/aws/sagemaker/ProcessingJobs'
    const { logStreams } = await logs.send(
      new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: `${request.ProcessingJobName}/` }),
    )
    expect(logStreams?.[0]?.logStreamName).toMatch(/\/algo-1-\d+$/)
    const stream = { logGroupName, logStreamName: logStreams![0]!.logStreamName! }
    const { events, nextForwardToken } = await logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true }))
    const names = events!.slice(1).map(({ message }) => message!.split('=')[0])
    expect(events![0]!.message).toBe('forecast')
    expect(names.filter((name) => !['_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name!))).toEqual(['COLOUR', 'HOME', 'PATH'])
    expect((await logs.send(new GetLogEventsCommand({ ...stream, nextToken: nextForwardToken! }))).events).toEqual([])
    expect(
      (await new SageMakerClient(options()).send(new ListProcessingJobsCommand({ NameContains: 'job-' }))).ProcessingJobSummaries,
    ).toHaveLength(1)
  })

  it('fail with an input in another region, and are described without their tags', async () => {
    await s3('us-west-2').send(new PutObjectCommand({ Bucket: 'far', Key: 'in/in.txt', Body: 'forecast' }))
    const data = { S3Uri: 's3://far/in/', LocalPath: '/opt/ml/processing/input/data', S3DataType: 'S3Prefix', S3InputMode: 'File' } as const
    const described = await create(job({ ProcessingInputs: [{ InputName: 'data', S3Input: data }], Tags: [{ Key: 'team', Value: 'x' }] }))
    expect([described.ProcessingJobStatus, described.FailureReason]).toEqual([
      'Failed',
      expect.stringContaining('PermanentRedirect (301): The bucket is in this region: us-west-2'),
    ])
    expect(described).not.toHaveProperty('Tags')
  })

  it('read keys that hold the signs of addresses', async () => {
    const keys = ['signs/a?b/100 %.txt', 'signs/a?b/c#d.txt']
    for (const Key of keys) await s3().send(new PutObjectCommand({ Bucket: 'plain', Key, Body: 'forecast' }))
    const data = {
      S3Uri: 's3://plain/signs/a?b/',
      LocalPath: '/opt/ml/processing/input/data',
      S3DataType: 'S3Prefix',
      S3InputMode: 'File',
    } as const
    simulator.account.requestedPermissions.role.length = 0
    await create(job({ ProcessingInputs: [{ InputName: 'data', S3Input: data }] }))
    const read = simulator.account.requestedPermissions.role.filter(({ action }) => action === 's3:GetObject')
    expect(read.map(({ resource }) => resource)).toEqual(keys.map((key) => `arn:aws:s3:::plain/${key}`))
  })

  it.skipIf(!hasNamespaces)('fail with the container’s exit code and message, stop when asked or overdue', async () => {
    const shell = (script: string) => ({ ...job().AppSpecification!, ContainerArguments: [script] })
    const failed = await create(job({ AppSpecification: shell('printf "no horizon" > /opt/ml/output/message; exit 3') }))
    expect(failed).toMatchObject({
      ProcessingJobStatus: 'Failed',
      ExitMessage: 'no horizon',
      FailureReason: expect.stringContaining('exit code: 3'),
    })
    const overdue = await create(job({ AppSpecification: shell('exec sleep 30'), StoppingCondition: { MaxRuntimeInSeconds: 1 } }))
    expect([overdue.ProcessingJobStatus, overdue.FailureReason]).toEqual(['Stopped', undefined])
    const request = job({ AppSpecification: shell('exec sleep 30') })
    setTimeout(
      () => void new SageMakerClient(options()).send(new StopProcessingJobCommand({ ProcessingJobName: request.ProcessingJobName! })),
      300,
    )
    expect((await create(request)).ProcessingJobStatus).toBe('Stopped')
    expect((await rejectionOf(create(request))).name).toBe('ResourceInUse')
  })

  const many = <Value>(count: number, make: (index: number) => Value): Value[] => Array.from({ length: count }, (_, index) => make(index))
  const cluster = (overrides: object) => ({
    ProcessingResources: { ClusterConfig: { ...job().ProcessingResources!.ClusterConfig!, ...overrides } },
  })
  const app = (overrides: object) => ({ AppSpecification: { ...job().AppSpecification!, ...overrides } })
  const input = (overrides: object, index = 0) => {
    const S3Input = { ...job().ProcessingInputs![0]!.S3Input!, LocalPath: `/opt/ml/processing/input/${index}`, ...overrides }
    return { InputName: `in-${index}`, S3Input }
  }
  const output = (index: number) => {
    const S3Output = { S3Uri: 's3://plain/o', LocalPath: `/opt/ml/processing/o${index}`, S3UploadMode: 'EndOfJob' as const }
    return { OutputName: `o${index}`, S3Output }
  }
  const vpc = (groups: number, subnets: number) => ({
    NetworkConfig: { VpcConfig: { SecurityGroupIds: many(groups, (n) => `sg-${n}`), Subnets: many(subnets, (n) => `subnet-${n}`) } },
  })
  const overLimits: readonly [string, () => Partial<CreateProcessingJobCommandInput>][] = [
    ['11 inputs', () => ({ ProcessingInputs: many(11, (index) => input({}, index)) })],
    ['11 outputs', () => ({ ProcessingOutputConfig: { Outputs: many(11, output) } })],
    ['a name of 64', () => ({ ProcessingJobName: 'n'.repeat(64) })],
    ['a name that ends in a hyphen', () => ({ ProcessingJobName: 'name-' })],
    ['an argument of 257', () => app({ ContainerArguments: ['a'.repeat(257)] })],
    ['101 arguments', () => app({ ContainerArguments: many(101, String) })],
    ['an entrypoint of 101', () => app({ ContainerEntrypoint: many(101, String) })],
    ['101 variables', () => ({ Environment: Object.fromEntries(many(101, (n) => [`V${n}`, ''])) })],
    ['a variable of 257', () => ({ Environment: { LONG: 'v'.repeat(257) } })],
    ['a local path of 257', () => ({ ProcessingInputs: [input({ LocalPath: `/opt/ml/processing/${'p'.repeat(238)}` })] })],
    ['an address of 1025', () => ({ ProcessingInputs: [input({ S3Uri: `s3://plain/${'k'.repeat(1014)}` })] })],
    ['an image of 256', () => app({ ImageUri: `141502667606.dkr.ecr.eu-west-1.amazonaws.com/${'i'.repeat(209)}:t` })],
    ['no instance', () => cluster({ InstanceCount: 0 })],
    ['101 instances', () => cluster({ InstanceCount: 101 })],
    ['a volume of 16385 GB', () => cluster({ VolumeSizeInGB: 16_385 })],
    ['51 tags', () => ({ Tags: many(51, (n) => ({ Key: `k${n}`, Value: '' })) })],
    ['6 security groups', () => vpc(6, 1)],
    ['17 subnets', () => vpc(1, 17)],
  ]
  it.each(overLimits)('refuse %s', async (_, overrides) => {
    expect((await rejectionOf(create(job(overrides())))).name).toBe('ValidationException')
  })

  it('refuse roles without trust, images of other regions, and launches above the quota', async () => {
    expect((await rejectionOf(create(job({ RoleArn: simulator.account.roles.get('Planner')!.arn })))).message).toContain(
      'Could not assume role',
    )
    const elsewhere = app({ ImageUri: '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3' })
    expect((await rejectionOf(create(job(elsewhere)))).message).toContain('Invalid region in image URI')
    simulator.account.quotas.set('ml.m5.4xlarge for processing job usage', 0)
    expect(await rejectionOf(create(job(cluster({ InstanceType: 'ml.m5.4xlarge' }))))).toMatchObject({ name: 'ResourceLimitExceeded' })
    const { Quotas } = await new ServiceQuotasClient(options()).send(new ListServiceQuotasCommand({ ServiceCode: 'sagemaker' }))
    expect(Quotas).toMatchObject([{ QuotaName: 'ml.m5.4xlarge for processing job usage', Value: 0 }])
  })

  it('name the role’s trust through IAM', async () => {
    const { Role } = await new IAMClient(options()).send(new GetRoleCommand({ RoleName: 'HeadroomProcessing' }))
    expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toContain('sagemaker.amazonaws.com')
  })
})
