// A simulated account: a bucket, a role, quotas, and forecasts in the bucket.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultChecksum, storeObject } from './s3-objects.ts'
import { AwsSimulator } from './simulator.ts'

export interface Sandbox {
  readonly endpoint: string
  /** What a shell or the app needs to be the account's user. */
  readonly environment: Readonly<Record<string, string>>
  readonly bucket: string
  readonly roleArn: string
  readonly input: string
  /** Waits for one more job, which fails at once: when it was accepted, and the bytes that the account has received since the last one. */
  readonly nextJob: () => Promise<{ readonly at: number; readonly sentBytes: number }>
  readonly stop: () => Promise<void>
}

const bucketName = 'sandbox'
const instanceSizes = ['large', 'xlarge', '2xlarge', '4xlarge']

/** `forecasts`: a Parquet file that is put into the bucket. */
export const serveSandbox = async (forecasts: string): Promise<Sandbox> => {
  const simulator = await AwsSimulator.start()
  const bucket = simulator.addBucket(bucketName)
  for (const size of instanceSizes) simulator.account.quotas.set(`ml.m5.${size} for processing job usage`, 4)
  const body = await readFile(forecasts)
  storeObject(bucket, 'forecasts/fleet.parquet', body, defaultChecksum(body), new Date())
  let [knownJobs, seenRequests] = [0, 0]
  const nextJob: Sandbox['nextJob'] = async () => {
    const { account, faults, requests } = simulator
    faults.addToNextJob({ kind: 'capacity' })
    while (account.jobs.size === knownJobs) await pause(2)
    knownJobs = account.jobs.size
    const sentBytes = requests.slice(seenRequests).reduce((sum, { bytes }) => sum + bytes, 0)
    seenRequests = requests.length
    return { at: [...account.jobs.values()].at(-1)!.createdAt.getTime(), sentBytes }
  }
  return {
    nextJob,
    endpoint: simulator.endpoint,
    environment: { ...simulator.environment, AWS_EC2_METADATA_DISABLED: 'true' },
    bucket: bucketName,
    roleArn: simulator.account.roles.get('HeadroomProcessing')!.arn,
    input: `s3://${bucketName}/forecasts/`,
    stop: () => simulator.stop(),
  }
}
