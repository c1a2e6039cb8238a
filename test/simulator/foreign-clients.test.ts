// The simulator judged by clients that are not ours: boto3 and the AWS CLI sign, list and describe as they do with AWS. Part of `npm run interop`.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rootKey } from './account.ts'
import { AwsSimulator } from './simulator.ts'

const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const isInterop = process.env['HEADROOM_INTEROP'] === 'yes'
const hasBoto3 = isInterop && spawnSync(python, ['-c', 'import boto3'], { stdio: 'ignore' }).status === 0
const hasAwsCli = isInterop && spawnSync('aws', ['--version'], { stdio: 'ignore' }).status === 0
if (isInterop && !hasBoto3) console.log(`skipped: ${python} has no boto3 (HEADROOM_PYTHON names another Python)`)
if (isInterop && !hasAwsCli) console.log('skipped: the AWS CLI is not installed')

let simulator: AwsSimulator
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-foreign-'))
  simulator = await AwsSimulator.start({ runJob: async (job) => void Object.assign(job, { status: 'Completed' }) })
  simulator.addBucket('plain')
  simulator.account.quotas.set('ml.m5.large for processing job usage', 4)
})
afterAll(async () => {
  await simulator.stop()
  await rm(folder, { recursive: true, force: true })
})

const environment = () => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  AWS_ENDPOINT_URL: simulator.endpoint,
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: rootKey.id,
  AWS_SECRET_ACCESS_KEY: rootKey.secret,
  AWS_CONFIG_FILE: join(folder, 'none'),
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  AWS_EC2_METADATA_DISABLED: 'true',
})

/** Signs for every service, with keys that hold the signs of addresses. */
const script = `
import boto3, json
from botocore.config import Config
client = lambda name: boto3.client(name, config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}))
s3 = client("s3")
keys = ["p/100 %.txt", "p/a?b.txt", "p/a#b.txt", "p/a+b&c=d.txt", "p/%41.txt", "p/../x/./y.txt", "p/k\u00e4se.txt"]
for key in keys: s3.put_object(Bucket="plain", Key=key, Body=key.encode())
listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket="plain", Prefix="p/")["Contents"]]
read = {key: s3.get_object(Bucket="plain", Key=key)["Body"].read().decode() for key in keys}
sagemaker = client("sagemaker")
name = "headroom-from-boto3"
role = client("iam").get_role(RoleName="HeadroomProcessing")["Role"]["Arn"]
sagemaker.create_processing_job(ProcessingJobName=name, RoleArn=role, Tags=[{"Key": "team", "Value": "capacity"}],
  AppSpecification={"ImageUri": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"},
  ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}})
described = sagemaker.describe_processing_job(ProcessingJobName=name)
try: logs = client("logs").describe_log_streams(logGroupName="/aws/sagemaker/ProcessingJobs")
except Exception as error: logs = type(error).__name__
print(json.dumps({
  "sorted": sorted(listed) == sorted(keys), "read": all(read[key] == key for key in keys),
  "account": client("sts").get_caller_identity()["Account"],
  "tags": "Tags" in described, "status": described["ProcessingJobStatus"], "logs": logs,
  "jobs": [job["ProcessingJobName"] for job in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]],
  "quotas": len(client("service-quotas").list_service_quotas(ServiceCode="sagemaker")["Quotas"]),
  "metrics": len(client("cloudwatch").get_metric_data(StartTime=0, EndTime=60, MetricDataQueries=[{"Id": "a", "MetricStat": {
    "Metric": {"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "Host", "Value": "none"}]}, "Period": 60, "Stat": "p95"}}])["MetricDataResults"]),
}))
`

describe.skipIf(!hasBoto3)('boto3', () => {
  it('signs requests of every service, and reads keys with all signs', async () => {
    await writeFile(join(folder, 'calls.py'), script)
    const { status, stdout, stderr } = await new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(python, [join(folder, 'calls.py')], { env: environment() }, (error, out, err) =>
        resolve({ status: error === null ? 0 : (child.exitCode ?? 1), stdout: out, stderr: err }),
      )
    })
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      sorted: true,
      read: true,
      account: '123456789012',
      tags: false,
      status: 'Completed',
      logs: 'ResourceNotFoundException',
      jobs: ['headroom-from-boto3'],
      quotas: 1,
      metrics: 1,
    })
  })
})

describe.skipIf(!hasAwsCli)('the AWS CLI', () => {
  it('copies a file up and down', async () => {
    const [up, down] = [join(folder, 'up.txt'), join(folder, 'down.txt')]
    await writeFile(up, 'as it was')
    const copy = (from: string, to: string) =>
      new Promise<string>((resolve) => execFile('aws', ['s3', 'cp', from, to], { env: environment() }, (_, out, err) => resolve(out + err)))
    expect(await copy(up, 's3://plain/cli/100 %.txt')).toContain('upload: ')
    expect(await copy('s3://plain/cli/100 %.txt', down)).toContain('download: ')
    expect(await readFile(down, 'utf8')).toBe('as it was')
  })
})
