// `headroom cloud`: settings from the pipeline's config.yaml and from options, refusals with exit codes, a custom Python module.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketName, filesBelow, openCloudCliWorkspace, type CloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { hasPython, moduleScript, moduleSummary, writeModuleProject, writeWheel } from '../fixtures/python-module.ts'
import { headroom } from '../fixtures/run-headroom.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { defaultChecksum, storeObject } from '../simulator/s3-objects.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'

let engine: LinkedEngine
let workspace: CloudCliWorkspace
let fleet: SampleRun
beforeAll(async () => {
  engine = await ensureLinkedEngine()
  workspace = await openCloudCliWorkspace({ engine })
  fleet = await makeSampleFleet(12)
  const body = await readFile(fleet.forecasts)
  storeObject(
    workspace.simulator.account.buckets.get(bucketName)!,
    'forecasts/daily/fleet.parquet',
    body,
    defaultChecksum(body),
    new Date(),
  )
}, 180_000)
afterAll(async () => {
  await workspace.close()
  await fleet.remove()
})

const lastJob = async () => {
  const job = [...workspace.simulator.account.jobs.values()].at(-1)!
  await job.ended
  return job
}
const cloudWithoutSettings = (...args: string[]) =>
  headroom(['cloud', ...args], {
    cwd: workspace.folder,
    env: { ...workspace.simulator.environment, HEADROOM_ENGINE: engine.folder, HEADROOM_HOME: join(workspace.folder, 'home') },
  })

describe('headroom cloud', () => {
  it("takes region, bucket, role, instance type, forecasts and thresholds from the pipeline's config.yaml", async () => {
    const config = [
      'aws:',
      '  region: eu-west-1',
      `  bucket_name: ${bucketName}`,
      `  sagemaker_role_arn: ${workspace.roleArn}`,
      'sagemaker:',
      '  instance_type: ml.m5.large',
      '  modules:',
      '    "05":',
      '      instance_type: ml.m5.2xlarge',
      'paths:',
      '  forecasts_dir: forecasts/daily',
      'risk_analysis:',
      '  high_risk_threshold: 70',
    ]
    await writeFile(join(workspace.folder, 'config.yaml'), config.join('\n'))
    const { code, stdout, stderr } = await cloudWithoutSettings(
      'launch',
      '--config',
      'config.yaml',
      '--wait',
      '--download',
      'from-config',
      '--tag',
      'team=capacity',
    )
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`${Object.values(runFiles).length} files`) })
    expect((await lastJob()).request).toMatchObject({
      ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.2xlarge' } },
      ProcessingInputs: expect.arrayContaining([
        expect.objectContaining({ S3Input: expect.objectContaining({ S3Uri: `s3://${bucketName}/forecasts/daily/` }) }),
      ]),
      Tags: expect.arrayContaining([{ Key: 'team', Value: 'capacity' }]),
    })
    const manifest = JSON.parse(await readFile(join(workspace.folder, 'from-config', 'manifest.json'), 'utf8')) as {
      config: { high_risk_threshold: number }
    }
    expect(manifest.config.high_risk_threshold).toBe(70)
  }, 120_000)

  it('takes settings from a cloud section, and options override it', async () => {
    await writeFile(
      join(workspace.folder, 'own.yaml'),
      `high_risk_threshold: 75\ncloud:\n  bucket: elsewhere\n  roleArn: ${workspace.roleArn}\n  maxRuntimeSeconds: 120\n`,
    )
    const { code, stderr } = await cloudWithoutSettings(
      'launch',
      fleet.forecasts,
      '--config',
      'own.yaml',
      '--bucket',
      bucketName,
      '--instance-type',
      'ml.m5.xlarge',
      '--no-network-isolation',
    )
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect((await lastJob()).request).toMatchObject({
      StoppingCondition: { MaxRuntimeInSeconds: 120 },
      NetworkConfig: { EnableNetworkIsolation: false },
      ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.xlarge' } },
    })
  })

  it('refuses invalid settings with one sentence and the next step', async () => {
    const refusals: readonly [readonly string[], number, string][] = [
      [['launch', fleet.forecasts], 2, 'Error: The bucket is missing.\nSet --bucket, or the key in the cloud section of --config.\n'],
      [['launch', fleet.forecasts, '--bucket', bucketName], 2, 'Error: The execution role is missing.\n'],
      [['launch', '--bucket', bucketName, '--role', workspace.roleArn], 2, 'Error: Forecasts are missing.\n'],
      [
        ['launch', 's3://a-b/c', 's3://a-b/d', '--bucket', bucketName, '--role', workspace.roleArn],
        2,
        'Error: Either one S3 prefix or local files can be analysed.\n',
      ],
      [['launch', 'none.parquet', '--bucket', bucketName, '--role', workspace.roleArn], 3, 'Error: There is no '],
      [
        ['launch', fleet.forecasts, '--bucket', 'Bad_Bucket', '--role', workspace.roleArn],
        2,
        'Error: bucket is invalid: A bucket name has',
      ],
      [
        ['launch', fleet.forecasts, '--download', 'x', '--bucket', bucketName, '--role', workspace.roleArn],
        2,
        'Error: --download requires --wait.\n',
      ],
      [['launch', '--resume', '20270315094210a1b2c3'], 4, 'Error: This machine has no launch record of 20270315094210a1b2c3.\n'],
      [['watch', 'no-such-job'], 4, 'Error: There is no processing job no-such-job in eu-west-1.'],
      [['stop', 'no-such-job'], 4, 'Error: There is no processing job no-such-job in eu-west-1.\n'],
      [['download', 'no-such-job', 'x'], 4, 'Error: There is no processing job no-such-job in eu-west-1.\n'],
    ]
    for (const [args, code, start] of refusals) {
      const result = await cloudWithoutSettings(...args)
      expect({ args, code: result.code, stdout: result.stdout }).toEqual({ args, code, stdout: '' })
      expect(result.stderr).toContain(start)
    }
  }, 120_000)

  it('accepts former option names, which the help hides', async () => {
    const settings = [fleet.forecasts, '--bucket', bucketName, '--role', workspace.roleArn]
    const refusals: readonly [readonly string[], number, string][] = [
      [['launch', ...settings, '--fetch', 'x'], 2, 'Error: --download requires --wait.\n'],
      [['launch', ...settings, '--cost-ceiling', '0.001'], 4, 'exceeds the cost limit of 0.001 USD.\n'],
      [['launch', ...settings, '--cost-limit', '0.001'], 4, 'exceeds the cost limit of 0.001 USD.\n'],
      [['fetch', 'no-such-job', 'x'], 4, 'Error: There is no processing job no-such-job in eu-west-1.\n'],
    ]
    for (const [args, code, text] of refusals) {
      const result = await cloudWithoutSettings(...args)
      expect({ args, code: result.code }).toEqual({ args, code })
      expect(result.stderr).toContain(text)
    }
    const help = (await cloudWithoutSettings('launch', '--help')).stdout + (await cloudWithoutSettings('--help')).stdout
    for (const name of ['--download', '--cost-limit', 'download ']) expect(help).toContain(name)
    expect(help).not.toMatch(/fetch|cost-ceiling/)
  }, 120_000)

  it('lists the roles that SageMaker may assume', async () => {
    expect(await cloudWithoutSettings('roles')).toMatchObject({ code: 0, stdout: `${workspace.roleArn}\n`, stderr: '' })
    workspace.simulator.account.denied.set('iam:ListRoles', 'User is not authorized to perform: iam:ListRoles')
    const { code, stdout, stderr } = await cloudWithoutSettings('roles', '--json')
    workspace.simulator.account.denied.clear()
    expect({ code, found: JSON.parse(stdout) as unknown }).toEqual({ code: 0, found: { schema_version: 1, roles: [] } })
    expect(stderr).toContain('Missing iam:ListRoles')
  })

  it('fails the preflight with exit code 4 if a check fails', async () => {
    const good = await workspace.cloud('preflight', fleet.forecasts)
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {6}Credentials arn:aws:iam::123456789012:user\/planner/) })
    const bad = await cloudWithoutSettings(
      'preflight',
      fleet.forecasts,
      '--bucket',
      'no-such-bucket',
      '--role',
      workspace.roleArn,
      '--json',
    )
    const { passed, checks } = JSON.parse(bad.stdout) as { passed: boolean; checks: { id: string; state: string; next?: string }[] }
    expect({ code: bad.code, passed, bucket: checks.find(({ id }) => id === 'bucket') }).toMatchObject({
      code: 4,
      passed: false,
      bucket: { state: 'failed', next: 'Choose another bucket, or create it.' },
    })
  })
})

it.skipIf(process.platform !== 'linux')('has as many threads for files as requests at once', async () => {
  workspace.simulator.faults.add({ kind: 'delay', operation: 'ListProcessingJobs', milliseconds: 2000 })
  const { process: child, result } = workspace.start('jobs')
  await expect.poll(async () => (await readdir(`/proc/${child.pid}/task`)).length, { timeout: 10_000 }).toBeGreaterThan(20)
  expect((await result).code).toBe(0)
})

describe.skipIf(!hasPython)('a custom Python module', () => {
  /** Run, job, console, instances, times, cost, output, artefacts and log, in this order. */
  const reportPattern = new RegExp(
    [
      'Run +\\w+\n',
      'Job +headroom-\\w+: Completed\n',
      'Console +https://eu-west-1\\.console\\.aws\\.amazon\\.com/\\S+\n',
      'Instances +1 × ml\\.m5\\.large\n',
      'Duration +\\d+ s, after waiting \\d+ s\n',
      'Cost +about 0\\.\\d{4} USD \\(estimate: up to 0\\.\\d\\d USD\\)\n',
      'Output +s3://\\S+\n',
      'Artefacts\n  module_05_summary\\.json\n  risk_flagged_forecasts\\.parquet\n',
      'Log\n! WARNING: two servers without history\n  module done\n$',
    ].join(''),
  )

  it('installs wheels without a network, writes to another prefix and runs a command at the end', async () => {
    const [project, wheels] = [join(workspace.folder, 'wheel-project'), join(workspace.folder, 'wheels')]
    const jobsBefore = workspace.simulator.account.jobs.size
    await writeModuleProject(project)
    await writeWheel(wheels)
    const launch = (...more: string[]) =>
      workspace.cloud(
        'launch',
        fleet.forecasts,
        '--python-module',
        moduleScript,
        '--project',
        project,
        '--wheels',
        wheels,
        '--wait',
        ...more,
      )
    const onEnd = 'echo "$HEADROOM_STATUS $HEADROOM_FOLDER $HEADROOM_COST_USD" > end.txt'
    const outputs = ['--output-prefix', 'plans/risk', '--download', 'wheel-run', '--env', 'MODE=wheel', '--on-end', onEnd]
    const { code, stderr } = await launch(...outputs)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const files = await filesBelow(join(workspace.folder, 'wheel-run'))
    expect(files.get('module_05_summary.json')!.toString()).toBe('{"word": "from the wheel"}')
    const { request } = await lastJob()
    expect(request).toMatchObject({ NetworkConfig: { EnableNetworkIsolation: true } })
    expect(JSON.stringify(request['ProcessingOutputConfig'])).toContain(`s3://${bucketName}/plans/risk/`)
    const endText = join(workspace.folder, 'end.txt')
    expect(await readFile(endText, 'utf8')).toMatch(/^downloaded \S+wheel-run 0\.\d{4}\n$/)
    workspace.simulator.faults.addToNextJob({ kind: 'fails', reason: 'AlgorithmError: no luck' })
    const failed = await launch('--quiet', '--on-end', 'echo "$HEADROOM_STATUS: $HEADROOM_ERROR" > end.txt; exit 3')
    expect(failed).toMatchObject({ code: 4, stdout: '' })
    expect(failed.stderr).toContain('Note: the command of --on-end failed: it ended with 3.')
    expect(await readFile(endText, 'utf8')).toBe('failed: The job failed: AlgorithmError: no luck.\n')
    const foreign = join(wheels, 'numpy-2.1.0-cp312-cp312-macosx_11_0_arm64.whl')
    await writeFile(foreign, '')
    expect(await launch()).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('does not run in the container, which is Linux on x86_64'),
    })
    await rm(wheels, { recursive: true })
    expect(await launch()).toMatchObject({ code: 4, stderr: expect.stringContaining('holds no wheels') })
    expect(workspace.simulator.account.jobs.size).toBe(jobsBefore + 2)
  }, 120_000)

  it('runs as in the pipeline, and its folder is downloaded unverified', async () => {
    const project = join(workspace.folder, 'project')
    await writeModuleProject(project)
    const { code, stderr, stdout } = await workspace.cloud(
      'launch',
      fleet.forecasts,
      '--python-module',
      moduleScript,
      '--project',
      project,
      '--argument=--only',
      '--argument=05',
      '--env',
      'MODE=daily=full',
      '--wait',
      '--download',
      'module-run',
    )
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^2 files: /) })
    expect(stdout).toMatch(reportPattern)
    const files = await filesBelow(join(workspace.folder, 'module-run'))
    expect(files.get('module_05_summary.json')!.toString()).toBe(moduleSummary)
    expect(files.get('risk_flagged_forecasts.parquet')!.equals(await readFile(fleet.forecasts))).toBe(true)
    const { request } = await lastJob()
    expect(request).toMatchObject({ Environment: { PYTHONPATH: '/opt/ml/processing/input/project_root', MODE: 'daily=full' } })
    expect((request['AppSpecification'] as { ContainerArguments: string[] }).ContainerArguments.slice(-2)).toEqual(['--only', '05'])
    expect(JSON.stringify(request['ProcessingOutputConfig'])).toContain(`s3://${bucketName}/risk_analysis/`)
  }, 120_000)

  it.each([
    [['--env', 'MODE=daily'], '--argument, --env, --wheels and --output-prefix belong to --python-module.'],
    [['--output-prefix', 'plans'], '--argument, --env, --wheels and --output-prefix belong to --python-module.'],
    [['--on-end', 'true'], '--on-end requires --wait.'],
    [['--python-module', moduleScript, '--env', 'MODE'], '--env needs KEY=VALUE, not "MODE".'],
    [['--python-module', moduleScript, '--env', 'PYTHONPATH=/x'], '--env PYTHONPATH cannot be set.'],
  ])('refuses %j before anything is sent', async (args, message) => {
    const { code, stderr } = await workspace.cloud('launch', fleet.forecasts, ...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
