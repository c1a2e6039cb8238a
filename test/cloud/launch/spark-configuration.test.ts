// The Spark job's configuration: executors fit the instances, and an instance with few processors gets smaller ones.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planLaunch } from '../../../src-main/cloud/launch/plan-launch.ts'
import { openCloudWorkspace, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
beforeAll(async () => {
  workspace = await openCloudWorkspace()
  for (const name of ['plan.json', 'server_attributes.parquet']) await writeFile(join(workspace.folder, name), name)
})
afterAll(() => workspace.close())

const planOf = async (instanceType: string, kmsKeyId?: string) => {
  const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 2, planFolder: workspace.folder } } as const
  const plan = await planLaunch(workspace.connection, workspace.request({ instanceType, kmsKeyId }, { task }), 'spark')
  const text = plan.texts.find(({ key }) => key.endsWith('configuration.json'))!.text
  const classifications = JSON.parse(text) as { Classification: string; Properties: Record<string, string> }[]
  const of = (name: string) => classifications.find(({ Classification }) => Classification === name)!.Properties
  return { spark: of('spark-defaults'), storage: of('core-site'), environment: plan.job('headroom-1').Environment! }
}

describe('executors', () => {
  // One vCPU of each of the two instances is left over; 0.7 of the memory is divided among the executors of an instance.
  it.each([
    ['ml.m5.large', '1', '2', '5g', undefined],
    ['ml.m5.xlarge', '3', '2', '11g', undefined],
    ['ml.m5.2xlarge', '5', '2', '22g', '2'],
    ['ml.m5.4xlarge', '5', '6', '14g', '2'],
    ['ml.r7i.xlarge', '3', '2', '22g', undefined],
    ['ml.c7i.4xlarge', '5', '6', '7g', '2'],
  ])('of two %s have %s cores; there are %s with %s', async (type, cores, executors, memory, mode) => {
    const { spark, environment } = await planOf(type)
    expect([spark['spark.executor.cores'], spark['spark.executor.instances'], spark['spark.executor.memory']]).toEqual([
      cores,
      executors,
      memory,
    ])
    expect(environment['AWS_SPARK_CONFIG_MODE']).toBe(mode)
  })
})

describe('the storage settings', () => {
  it('are those that S3A reads', async () => {
    expect((await planOf('ml.m5.xlarge')).storage).toEqual({ 'fs.s3a.directory.marker.retention': 'keep' })
    expect((await planOf('ml.m5.xlarge', 'key-1')).storage).toEqual({
      'fs.s3a.directory.marker.retention': 'keep',
      'fs.s3a.server-side-encryption-algorithm': 'SSE-KMS',
      'fs.s3a.server-side-encryption.key': 'key-1',
    })
  })
})
