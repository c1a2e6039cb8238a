// A cloud run on Spark: two jobs, each submitted once, the second over the output of the first; the downloaded run equals a local one.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openCloudCliWorkspace, type CloudCliWorkspace } from '../../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../../fixtures/linked-engine.ts'
import { headroom } from '../../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'
import { sparkOnDuckDb } from '../../fixtures/spark-output-on-duckdb.ts'
import { differencesOfRuns } from '../../interop/same-run.mjs'
import { defaultChecksum, storeObject } from '../../simulator/s3-objects.ts'
import type { SparkCommand, SparkRunner } from '../../simulator/spark-container.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'

let engine: LinkedEngine
let sample: SampleRun
let servers: string[]
beforeAll(async () => {
  engine = await ensureLinkedEngine()
  sample = await makeSampleRun(24)
  servers = ['--servers', join(sample.folder, 'fleet.servers.csv')]
}, 180_000)
afterAll(() => sample.remove())

let workspace: CloudCliWorkspace
let orders: SparkCommand[]
let run: SparkRunner
beforeEach(async () => {
  orders = []
  run = sparkOnDuckDb
  workspace = await openCloudCliWorkspace({
    engine,
    runSpark: (order) => {
      orders.push(order)
      return run(order)
    },
  })
})
afterEach(() => workspace.close())

const onSpark = ['--engine', 'spark', '--instances', '3', '--cost-limit', '100']
const launch = (...more: string[]) => workspace.cloud('launch', sample.forecasts, ...servers, ...onSpark, ...more)
const jobs = () => [...workspace.simulator.account.jobs]
const jobNames = () => jobs().map(([name]) => name.replace(/\d{14}[0-9a-f]{6}/, 'RUN'))
const runId = () => /\d{14}[0-9a-f]{6}/.exec(jobs()[0]![0])![0]
const textOf = (key: string) =>
  workspace.simulator.account.buckets.get('capacity-data')!.objects.get(`headroom/runs/${runId()}/${key}`)!.body.toString()
const sameAsLocal = (folder: string) => differencesOfRuns(sample.run, join(workspace.folder, folder))
/** A runner that leaves words and ends badly. */
const failingRunner =
  (message: string): SparkRunner =>
  ({ environment }) => {
    const exit = writeFile(environment['HEADROOM_EXIT_MESSAGE']!, message).then(() => 1)
    return { stop: () => undefined, exit }
  }

describe('one command', () => {
  it('runs both jobs in turn and downloads a run that equals the local one', async () => {
    const { code, stdout, stderr } = await launch('--wait', '--download', 'home-run')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('Engine: Spark: flagged') })
    expect(stdout).toContain(`${Object.values(runFiles).length} files, verified`)
    expect(await sameAsLocal('home-run')).toEqual([])
    expect(jobNames()).toEqual(['headroom-RUN-spark', 'headroom-RUN'])

    const [first, second] = jobs().map(([, job]) => job.request)
    const folder = `s3://capacity-data/headroom/runs/${runId()}`
    expect(first).toMatchObject({
      AppSpecification: {
        ImageUri: '571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0',
        ContainerEntrypoint: [
          'smspark-submit',
          '--local-spark-event-logs-dir',
          '/opt/ml/processing/spark-events/',
          '/opt/ml/processing/input/code/run_plan.py',
        ],
        ContainerArguments: [
          `${folder}/plan/plan.json`,
          `${folder}/spark`,
          '12',
          expect.stringMatching(/^source=s3:\/\/capacity-data\/headroom\/inputs\/[0-9a-f]{64}\/$/),
          `server_attributes=${folder}/plan/server_attributes.parquet`,
        ],
      },
      Environment: { AWS_SPARK_CONFIG_MODE: '2', AWS_REGION: 'eu-west-1', HEADROOM_RUN_ID: runId() },
      ProcessingInputs: ['code', 'conf'].map((name) => ({
        InputName: name,
        S3Input: { S3Uri: `${folder}/${name}/`, LocalPath: `/opt/ml/processing/input/${name}` },
      })),
      ProcessingOutputConfig: {
        Outputs: [
          { S3Output: { S3Uri: `${folder}/spark-events/`, LocalPath: '/opt/ml/processing/spark-events', S3UploadMode: 'Continuous' } },
        ],
      },
      ProcessingResources: { ClusterConfig: { InstanceCount: 3, InstanceType: 'ml.m5.4xlarge', VolumeSizeInGB: 30 } },
      // S3 and the other machines must be reached.
      NetworkConfig: { EnableNetworkIsolation: false },
    })
    expect(JSON.parse(textOf('conf/configuration.json'))).toEqual([
      {
        Classification: 'spark-defaults',
        Properties: {
          // 64 GB and 16 processors: three executors of five, each 0.7 of a third.
          'spark.driver.memory': '4g',
          'spark.driver.maxResultSize': '0',
          'spark.executor.cores': '5',
          'spark.executor.instances': '9',
          'spark.executor.memory': '14g',
          // Three tasks for each of 3 times 16 processors.
          'spark.sql.shuffle.partitions': '144',
          'spark.sql.adaptive.enabled': 'true',
          'spark.network.timeout': '600s',
        },
      },
      { Classification: 'core-site', Properties: { 'fs.s3a.directory.marker.retention': 'keep' } },
    ])
    expect(second).toMatchObject({
      AppSpecification: {
        ImageUri: expect.stringContaining('/sagemaker-scikit-learn:'),
        ContainerArguments: [
          'finish',
          '/opt/ml/processing/input/stage',
          '--out',
          '/opt/ml/processing/output',
          '--run-id',
          runId(),
          '--json',
        ],
      },
      ProcessingInputs: [
        { InputName: 'stage', S3Input: { S3Uri: `${folder}/spark/stage/` } },
        { InputName: 'engine', S3Input: { LocalPath: '/opt/ml/processing/input/engine' } },
      ],
      ProcessingResources: { ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.large' } },
      NetworkConfig: { EnableNetworkIsolation: true },
    })
  }, 120_000)

  it('completes the run in three processes, to the same run', async () => {
    const { code, stderr } = await launch('--shards', '3', '--wait', '--download', 'in-shards')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('Engine: ') })
    expect(await sameAsLocal('in-shards')).toEqual([])
    expect(jobs()[1]![1].request).toMatchObject({
      AppSpecification: { ContainerArguments: expect.arrayContaining(['finish', '--shards', '3']) },
    })
  }, 120_000)

  it('plans from the first rows of files in S3, with settings, model and events', async () => {
    const bucket = workspace.simulator.addBucket('lake')
    const body = await readFile(sample.forecasts)
    storeObject(bucket, 'forecasts/part-1.parquet', body, defaultChecksum(body), new Date())
    await writeFile(join(workspace.folder, 'events.csv'), 'from,to,servers,effect,note\n2030-01-01,2030-01-02,*,5 %,Fair\n')
    const options = ['--set', 'high_risk_threshold=75', '--model', 'prophet', '--events', 'events.csv']
    const { code, stderr } = await workspace.cloud(
      'launch',
      's3://lake/forecasts/',
      ...servers,
      ...options,
      ...onSpark,
      '--wait',
      '--download',
      'home-run',
    )
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const local = join(workspace.folder, 'local')
    expect(
      await headroom(['analyze', sample.forecasts, ...servers, ...options, '--out', local, '--quiet'], { cwd: workspace.folder }),
    ).toMatchObject({
      code: 0,
    })
    expect(await differencesOfRuns(local, join(workspace.folder, 'home-run'))).toEqual([])
  }, 120_000)

  it('refuses options that Spark does not support before any upload', async () => {
    const method = await launch('--method', 'module05')
    expect(method).toMatchObject({ code: 2, stderr: expect.stringContaining('The method module05 does not run on a Spark cluster') })
    expect(workspace.simulator.requests).toEqual([])
    storeObject(
      workspace.simulator.addBucket('lake'),
      'my forecasts/a.parquet',
      await readFile(sample.forecasts),
      defaultChecksum(Buffer.alloc(0)),
      new Date(),
    )
    const strange = await workspace.cloud('launch', 's3://lake/my forecasts/', ...onSpark)
    expect(strange).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot read the address s3://lake/my forecasts/') })
    expect(jobs()).toEqual([])
  })
})

describe('an interrupted cloud run', () => {
  it('between the stages continues when watched again, and submits each job once', async () => {
    const launched = await launch()
    expect(launched).toMatchObject({ code: 0, stderr: expect.stringContaining('headroom cloud watch') })
    await jobs()[0]![1].ended
    expect(jobNames()).toEqual(['headroom-RUN-spark'])
    expect(await workspace.cloud('fetch', runId(), 'too-early')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/The engine job of this launch has not run yet.*\n?.*--resume/),
    })
    expect((await workspace.cloud('watch', runId())).code).toBe(0)
    expect((await workspace.cloud('watch', runId())).code).toBe(0)
    expect(jobNames()).toEqual(['headroom-RUN-spark', 'headroom-RUN'])
    expect((await workspace.cloud('fetch', runId(), 'home-run')).code).toBe(0)
    expect(await sameAsLocal('home-run')).toEqual([])
  }, 120_000)

  it('while the second job is submitted finds that job', async () => {
    await launch()
    await jobs()[0]![1].ended
    workspace.simulator.faults.add({ kind: 'delay', operation: 'CreateProcessingJob', milliseconds: 60_000 })
    const watching = workspace.start('watch', runId())
    for (let waited = 0; jobs().length < 2 && waited < 2000; waited += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    watching.process.kill('SIGKILL')
    await watching.result
    workspace.simulator.faults.clear()
    expect((await workspace.cloud('launch', '--resume', runId(), '--wait', '--download', 'home-run')).code).toBe(0)
    expect(jobNames()).toEqual(['headroom-RUN-spark', 'headroom-RUN'])
    expect(workspace.simulator.requestsOf('CreateProcessingJob')).toHaveLength(2)
  }, 120_000)
})

describe('a stage that fails', () => {
  it('reports the reason; a new attempt finds the completed steps', async () => {
    run = (order) => {
      const written = mkdir(order.args[1]!, { recursive: true }).then(() => writeFile(join(order.args[1]!, 'kept by the first'), 'a step'))
      const { stop, exit } = failingRunner('The set has no future rows: column is_future or actual marks none.')(order)
      return { stop, exit: written.then(() => exit) }
    }
    const failed = await launch('--wait')
    expect(failed).toMatchObject({ code: 4 })
    expect(failed.stderr).toMatch(/In the Spark job: The job failed: The set has no future rows/)
    expect(failed.stderr).toContain(`headroom cloud launch --resume ${runId()} --wait`)
    let found = ''
    run = (order) => {
      const { stop, exit } = sparkOnDuckDb(order)
      const inspected = readFile(join(order.args[1]!, 'kept by the first')).then((body) => (found = body.toString()))
      return { stop, exit: inspected.then(() => exit) }
    }
    expect(await workspace.cloud('launch', '--resume', runId(), '--wait', '--download', 'home-run')).toMatchObject({ code: 0 })
    expect(found).toBe('a step')
    expect(jobNames()).toEqual(['headroom-RUN-spark', 'headroom-RUN-spark-again-2', 'headroom-RUN'])
    expect(await sameAsLocal('home-run')).toEqual([])
  }, 120_000)

  it('in the second job does not repeat the first', async () => {
    await launch()
    await jobs()[0]![1].ended
    workspace.simulator.faults.addToNextJob({ kind: 'out-of-memory' })
    const failed = await workspace.cloud('watch', runId())
    expect(failed).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/In the engine job: The job was killed, probably because it ran out of memory/),
    })
    expect(await workspace.cloud('launch', '--resume', runId(), '--wait', '--download', 'home-run')).toMatchObject({ code: 0 })
    expect(jobNames()).toEqual(['headroom-RUN-spark', 'headroom-RUN', 'headroom-RUN-again-2'])
    expect(orders).toHaveLength(1)
  }, 120_000)

  it('is incomplete if its output is not complete', async () => {
    run = () => ({ stop: () => undefined, exit: Promise.resolve(0) })
    const { code, stderr } = await launch('--wait')
    expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining('but its output is incomplete') })
    expect(jobNames()).toEqual(['headroom-RUN-spark'])
  }, 120_000)
})
