// A simulated account to try everything in: a bucket, a role, quotas, and a forecast set in the bucket.
import { readFile } from 'node:fs/promises'
import { defaultChecksum, storeObject } from './s3-objects.ts'
import { AwsSimulator } from './simulator.ts'

export interface Sandbox {
  readonly endpoint: string
  /** What a shell or the app needs to be the account's user. */
  readonly environment: Readonly<Record<string, string>>
  readonly bucket: string
  readonly roleArn: string
  readonly input: string
  readonly stop: () => Promise<void>
}

const bucketName = 'sandbox'
const machines = ['large', 'xlarge', '2xlarge', '4xlarge']

/** `forecasts`: a Parquet file that is put into the bucket. */
export const serveSandbox = async (forecasts: string): Promise<Sandbox> => {
  const simulator = await AwsSimulator.start()
  const bucket = simulator.addBucket(bucketName)
  for (const machine of machines) simulator.account.quotas.set(`ml.m5.${machine} for processing job usage`, 4)
  const body = await readFile(forecasts)
  storeObject(bucket, 'forecasts/fleet.parquet', body, defaultChecksum(body), new Date())
  return {
    endpoint: simulator.endpoint,
    environment: { ...simulator.environment, AWS_EC2_METADATA_DISABLED: 'true' },
    bucket: bucketName,
    roleArn: simulator.account.roles.get('HeadroomProcessing')!.arn,
    input: `s3://${bucketName}/forecasts/`,
    stop: () => simulator.stop(),
  }
}
