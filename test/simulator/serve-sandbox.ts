// A simulated account: a bucket with forecasts, a role, quotas, a fleet of instances; and a server that answers as Prometheus.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { nodeExporterQueries } from '../../src-main/sources/prometheus/collect-prometheus.ts'
import { addFleet } from './ec2.ts'
import { PrometheusDouble } from './prometheus-double.ts'
import { defaultChecksum, storeObject } from './s3-objects.ts'
import { AwsSimulator } from './simulator.ts'

export interface Sandbox {
  readonly endpoint: string
  /** What a shell or the app needs to be the account's user. */
  readonly environment: Readonly<Record<string, string>>
  readonly bucket: string
  readonly roleArn: string
  readonly input: string
  /** A server that answers as Prometheus with node_exporter on 12 machines. */
  readonly prometheusUrl: string
  /** Waits for one more job, which fails at once: when it was accepted, and the bytes that the account has received since the last one. */
  readonly nextJob: () => Promise<{ readonly at: number; readonly sentBytes: number }>
  readonly stop: () => Promise<void>
}

const bucketName = 'sandbox'
const instanceSizes = ['large', 'xlarge', '2xlarge', '4xlarge']

/** `forecasts`: a Parquet file that is put into the bucket. */
export const serveSandbox = async (forecasts: string): Promise<Sandbox> => {
  const simulator = await AwsSimulator.start()
  addFleet(simulator.account, 400)
  const prometheus = await serveNodeExporter()
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
    prometheusUrl: prometheus.url,
    stop: async () => {
      await prometheus.stop()
      await simulator.stop()
    },
  }
}

const serveNodeExporter = async (): Promise<PrometheusDouble> => {
  const prometheus = await PrometheusDouble.start()
  for (const { query } of nodeExporterQueries) {
    const machines = Array.from({ length: 12 }, (_, index) => ({
      labels: { instance: `db-${String(index + 1).padStart(2, '0')}:9100`, job: 'node' },
      valueAt: (at: number) => String(25 + 5 * index + 6 * Math.sin((at / 86_400) * 2 * Math.PI)),
    }))
    prometheus.series.set(query, machines)
  }
  return prometheus
}
