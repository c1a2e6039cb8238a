// How the launch form becomes a SageMaker job.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { smallForecasts } from '../../fixtures/small-forecasts.ts'
import { buildLaunchRequest, fillFromConfig, saveLaunchForm, readLaunchForm } from '../../../src-main/shell/cloud/launch-form.ts'
import { emptyLaunchForm, type LaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
beforeEach(async () => {
  workspace = await openCloudWorkspace({}, { runJob: () => Promise.resolve() })
})
afterEach(() => workspace.close())

const filledForm = () => ({
  ...emptyLaunchForm,
  input: `s3://${workspaceBucket}/forecasts/`,
  bucket: workspaceBucket,
  roleArn: workspace.simulator.account.roles.get('HeadroomProcessing')!.arn,
})

const advanced = {
  kmsKeyId: 'key-1',
  subnets: ['subnet-1', 'subnet-2'],
  securityGroupIds: ['sg-1'],
  tags: { team: 'capacity', stage: '' },
  volumeGb: 77,
  networkIsolation: false,
}

const requestOf = (form: LaunchForm) => buildLaunchRequest(form, join(workspace.folder, 'plans'))

const launched = async (overrides: Partial<typeof emptyLaunchForm>) => {
  await workspace.launch(await requestOf({ ...filledForm(), ...overrides }))
  const [job] = [...workspace.simulator.account.jobs.values()]
  return job!.request
}

describe('the launch form', () => {
  it('sends key, network, tags and volume', async () => {
    expect(await launched(advanced)).toMatchObject({
      NetworkConfig: {
        EnableNetworkIsolation: false,
        VpcConfig: { Subnets: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
      },
      ProcessingOutputConfig: { KmsKeyId: 'key-1' },
      ProcessingResources: { ClusterConfig: { VolumeSizeInGB: 77, VolumeKmsKeyId: 'key-1' } },
      Tags: [expect.anything(), { Key: 'team', Value: 'capacity' }, { Key: 'stage', Value: '' }],
    })
  })

  it('without them requests an isolated job of 30 GB, without VPC and key', async () => {
    const request = await launched({})
    expect(request).toMatchObject({
      NetworkConfig: { EnableNetworkIsolation: true },
      ProcessingResources: { ClusterConfig: { VolumeSizeInGB: 30 } },
    })
    expect(JSON.stringify(request)).not.toMatch(/VpcConfig|KmsKeyId/)
  })

  it('requests a Spark cluster with a folder for its plan', async () => {
    const request = await requestOf({ ...filledForm(), engine: 'spark', instances: 7 })
    expect(request.task).toMatchObject({ spark: { instances: 7, planFolder: join(workspace.folder, 'plans', request.runId) } })
    expect((await requestOf({ ...filledForm(), instances: 7 })).task).not.toHaveProperty('spark')
  })

  it('is saved, and a form without newer fields keeps the others', async () => {
    const path = join(workspace.folder, 'draft.json')
    await saveLaunchForm(path, { ...filledForm(), ...advanced })
    expect(await readLaunchForm(path)).toEqual({ ...filledForm(), ...advanced })
    await writeFile(path, JSON.stringify({ bucket: 'mine' }))
    expect(await readLaunchForm(path)).toEqual({ ...emptyLaunchForm, bucket: 'mine' })
    await writeFile(path, 'null')
    expect(await readLaunchForm(path)).toEqual(emptyLaunchForm)
  })
})

/** Input name -> its object keys after the hash. */
const inputsOf = (job: { readonly ProcessingInputs?: unknown }): Record<string, string> =>
  Object.fromEntries(
    (job.ProcessingInputs as { InputName: string; S3Input: { S3Uri: string; LocalPath: string } }[]).map(({ InputName, S3Input }) => [
      InputName,
      `${S3Input.LocalPath}: ${[...workspace.bucket.objects.keys()]
        .filter((key) => `s3://${workspaceBucket}/${key}`.startsWith(S3Input.S3Uri))
        .map((key) => key.slice(S3Input.S3Uri.length - `s3://${workspaceBucket}/`.length))
        .sort()
        .join(' ')}`,
    ]),
  )
const argumentsOf = (job: { readonly AppSpecification?: unknown }) =>
  (job.AppSpecification as { ContainerEntrypoint: string[]; ContainerArguments: string[] }) ?? {}

describe('the uploads of a launch form', () => {
  const root = '/opt/ml/processing/input'

  it('include the named tables, which the engine receives', async () => {
    for (const name of ['costs.csv', 'events.csv']) await writeFile(join(workspace.folder, name), name)
    const job = await launched({ serversTable: join(workspace.folder, 'costs.csv'), eventsTable: join(workspace.folder, 'events.csv') })
    expect(inputsOf(job)).toMatchObject({ servers: `${root}/servers: costs.csv`, events: `${root}/events: events.csv` })
    expect(argumentsOf(job).ContainerArguments.join(' ')).toContain(
      `--servers ${root}/servers/costs.csv --events ${root}/events/events.csv`,
    )
  })

  it('include the companion tables of local forecasts, unless others are named', async () => {
    for (const name of ['fleet.parquet', 'fleet.servers.csv', 'fleet.events.csv', 'fleet.projects.csv', 'other.csv'])
      await writeFile(join(workspace.folder, name), name)
    const input = join(workspace.folder, 'fleet.parquet')
    const [companion, other] = await Promise.all([
      requestOf({ ...filledForm(), input }),
      requestOf({ ...filledForm(), input, serversTable: join(workspace.folder, 'other.csv') }),
    ])
    const eventsTable = join(workspace.folder, 'fleet.events.csv')
    expect(companion.task).toMatchObject({ serversTable: join(workspace.folder, 'fleet.servers.csv'), eventsTable })
    expect(other.task).toMatchObject({ serversTable: join(workspace.folder, 'other.csv'), eventsTable })
    expect(companion.task).toMatchObject({ capacityTables: { projects: join(workspace.folder, 'fleet.projects.csv') } })
    const stated = await requestOf({
      ...filledForm(),
      input,
      projectsTable: 'plan.csv',
      driversTable: 'orders.csv',
      catalogue: 'sizes.csv',
    })
    expect(stated.task).toMatchObject({
      capacityTables: { projects: resolve('plan.csv'), drivers: resolve('orders.csv'), catalogue: resolve('sizes.csv') },
    })
    await writeFile(input, smallForecasts)
    const job = await launched({ input, serversTable: '' })
    expect(inputsOf(job)).toMatchObject({ projects: `${root}/projects: fleet.projects.csv` })
    expect(argumentsOf(job).ContainerArguments.join(' ')).toContain(`--projects ${root}/projects/fleet.projects.csv`)
  })

  it('include a Python module, mounted and started as in the pipeline', async () => {
    const project = join(workspace.folder, 'project')
    for (const folder of ['src/__pycache__', 'config']) await mkdir(join(project, folder), { recursive: true })
    for (const name of ['src/05_risk_analysis.py', 'src/words.py', 'src/__pycache__/words.pyc', 'config/config.yaml'])
      await writeFile(join(project, name), name)
    const job = await launched({ program: 'python-module', projectFolder: project, moduleScript: 'src/05_risk_analysis.py' })
    expect(inputsOf(job)).toEqual({
      data: `${root}/data: part.parquet`,
      src: `${root}/project_root/src: 05_risk_analysis.py words.py`,
      config: `${root}/project_root/config: config.yaml`,
      code: `${root}/code: 05_risk_analysis.py`,
    })
    expect(argumentsOf(job)).toMatchObject({
      ContainerEntrypoint: ['python3', `${root}/code/05_risk_analysis.py`],
      ContainerArguments: [
        '--env',
        'sagemaker',
        '--config',
        `${root}/project_root/config/config.yaml`,
        '--input_data_path',
        `${root}/data`,
        '--output_data_path',
        '/opt/ml/processing/output',
      ],
    })
  })

  it('require the folder and the script of a module', async () => {
    const form = { ...filledForm(), program: 'python-module' as const }
    expect(await failureOf(requestOf(form))).toMatchObject({ code: 'cloud-setup', message: 'The project folder is missing.' })
    expect(await failureOf(requestOf({ ...form, projectFolder: workspace.folder }))).toMatchObject({
      message: 'The script of the module is missing.',
    })
  })
})

describe('a configuration file', () => {
  const file = () => join(workspace.folder, 'config.yaml')
  const fill = async (text: string) => {
    await writeFile(file(), text)
    return fillFromConfig(filledForm(), file())
  }

  it('fills in its cloud section, and the launch uses its analysis settings', async () => {
    const form = await fill(
      [
        'high_risk_threshold: 75',
        'cloud:',
        '  bucket: elsewhere',
        '  prefix: team/headroom',
        '  maxRuntimeSeconds: 120',
        '  volumeGb: 77',
        '  kmsKeyId: key-1',
        '  subnets: [subnet-1]',
        '  securityGroupIds: [sg-1]',
        '  networkIsolation: false',
        '  tags: { team: capacity }',
      ].join('\n'),
    )
    const stated = {
      bucket: 'elsewhere',
      prefix: 'team/headroom',
      volumeGb: 77,
      kmsKeyId: 'key-1',
      subnets: ['subnet-1'],
      securityGroupIds: ['sg-1'],
      networkIsolation: false,
      tags: { team: 'capacity' },
    }
    // 120 s are 2 minutes; all that the file does not state stays as it was filled in.
    expect(form).toEqual({ ...filledForm(), ...stated, maxRuntimeMinutes: 2, configFile: file() })
    expect(await requestOf(form)).toMatchObject({
      settings: { ...stated, maxRuntimeSeconds: 120 },
      task: { kind: 'engine', config: { high_risk_threshold: 75 } },
    })
  })

  it("fills in the pipeline's keys, which its cloud section overrides", async () => {
    const form = await fill(
      [
        'aws: { region: eu-north-1, profile: work, bucket_name: pipeline-data, sagemaker_role_arn: "arn:aws:iam::123456789012:role/P" }',
        'sagemaker: { instance_type: ml.m5.large, modules: { "05": { instance_type: ml.m5.xlarge } } }',
        'paths: { forecasts_dir: forecasts }',
        'risk_analysis: { high_risk_threshold: 70 }',
        'cloud: { instanceType: ml.m5.4xlarge, costCeilingUsd: 25 }',
      ].join('\n'),
    )
    expect(form).toEqual({
      ...filledForm(),
      profile: 'work',
      region: 'eu-north-1',
      bucket: 'pipeline-data',
      roleArn: 'arn:aws:iam::123456789012:role/P',
      input: 's3://pipeline-data/forecasts/',
      instanceType: 'ml.m5.4xlarge',
      costCeilingUsd: 25,
      configFile: file(),
    })
    expect((await requestOf(form)).task).toMatchObject({ config: { high_risk_threshold: 70 } })
  })

  it.each([
    ['cloud: { volumeGb: 0 }', 'cloud.volumeGb in config.yaml is invalid'],
    ['cloud: { buket: mine }', 'cloud in config.yaml is invalid: Unrecognized key: "buket".'],
    ['cloud: everywhere', 'cloud in config.yaml is invalid'],
    ['- a list', 'config.yaml contains no keys. Headroom expects lines of the form "key: value".'],
    ['{ broken', 'config.yaml is not valid YAML or JSON: '],
  ])('with %j is refused in one sentence', async (text, message) => {
    expect(await failureOf(fill(text))).toMatchObject({ code: 'config-invalid', message: expect.stringContaining(message) })
  })
})
