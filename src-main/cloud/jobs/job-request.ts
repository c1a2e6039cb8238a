// Builds the CreateProcessingJob request of a launch, within SageMaker's limits.
import type { CreateProcessingJobCommandInput, ProcessingInput, ProcessingInstanceType } from '@aws-sdk/client-sagemaker'
import { processingLimits, splitInstanceTypes, type CloudSettings, type LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { capacityTableKinds } from '../../../src-shared/run/capacity-tables.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { asFolder } from '../storage/list-objects.ts'

export interface JobSpec {
  readonly request: LaunchRequest
  readonly jobName: string
  readonly region: string
  readonly imageUri: string
  /** Several with commas: the first with capacity. */
  readonly instanceType: string
  /** Input name -> S3 address of what is mounted at /opt/ml/processing/input/NAME or another path. */
  readonly mounts: readonly Mount[]
  readonly outputUri: string
  readonly engineSha256: string | null
  /** Absent: the engine over the forecasts, or a Python module. */
  readonly command?: JobCommand
  readonly instances?: number
  readonly volumeGb?: number
  /** Whether the container needs S3 and the other instances, whatever the settings say. */
  readonly requiresNetwork?: boolean
  /** Output folder and upload mode; absent: the run folder, uploaded at the end. */
  readonly output?: { readonly name: string; readonly localPath: string; readonly isContinuous: boolean }
}

export interface Mount {
  readonly name: string
  readonly s3Uri: string
  readonly localPath: string
}

/** Name of the input with the wheels of a Python module. */
export const wheelsMount = 'wheels'
export const mountRoot = '/opt/ml/processing/input'
export const outputPath = '/opt/ml/processing/output'

/** Throws cloud-limit with the limit in words, before AWS has to. */
export const buildJobRequest = (spec: JobSpec): CreateProcessingJobCommandInput => {
  const { request, jobName, imageUri, instanceType, mounts, outputUri } = spec
  const { settings, runId } = request
  const { entrypoint, args, environment } = spec.command ?? buildCommand(spec)
  const output = spec.output ?? { name: 'run', localPath: outputPath, isContinuous: false }
  const input: CreateProcessingJobCommandInput = {
    ProcessingJobName: jobName,
    RoleArn: settings.roleArn,
    AppSpecification: { ImageUri: imageUri, ContainerEntrypoint: entrypoint, ContainerArguments: args },
    Environment: { ...environment, HEADROOM_RUN_ID: runId, AWS_REGION: spec.region, AWS_DEFAULT_REGION: spec.region },
    ProcessingInputs: mounts.map(({ name, s3Uri, localPath }): ProcessingInput => ({
      InputName: name,
      S3Input: {
        S3Uri: s3Uri,
        LocalPath: localPath,
        S3DataType: 'S3Prefix',
        S3InputMode: 'File',
        S3DataDistributionType: 'FullyReplicated',
      },
    })),
    ProcessingOutputConfig: {
      Outputs: [
        {
          OutputName: output.name,
          S3Output: { S3Uri: outputUri, LocalPath: output.localPath, S3UploadMode: output.isContinuous ? 'Continuous' : 'EndOfJob' },
        },
      ],
      ...(settings.kmsKeyId === undefined ? {} : { KmsKeyId: settings.kmsKeyId }),
    },
    ProcessingResources: {
      ClusterConfig: {
        InstanceCount: spec.instances ?? 1,
        ...instanceFields(instanceType),
        VolumeSizeInGB: spec.volumeGb ?? settings.volumeGb,
        ...(settings.kmsKeyId === undefined ? {} : { VolumeKmsKeyId: settings.kmsKeyId }),
      },
    },
    StoppingCondition: { MaxRuntimeInSeconds: settings.maxRuntimeSeconds },
    NetworkConfig: buildNetworkConfig(settings, spec.requiresNetwork === true),
    Tags: [{ Key: 'headroom:run', Value: runId }, ...Object.entries(settings.tags).map(([Key, Value]) => ({ Key, Value }))],
  }
  checkLimits(input)
  return input
}

const instanceFields = (
  instanceType: string,
): Pick<
  NonNullable<NonNullable<CreateProcessingJobCommandInput['ProcessingResources']>['ClusterConfig']>,
  'InstanceType' | 'InstancePreferences'
> => {
  const types = splitInstanceTypes(instanceType) as ProcessingInstanceType[]
  return types.length === 1 ? { InstanceType: types[0] } : { InstancePreferences: types.map((InstanceType) => ({ InstanceType })) }
}

const buildNetworkConfig = (
  { subnets, securityGroupIds, networkIsolation }: CloudSettings,
  isRequired: boolean,
): NonNullable<CreateProcessingJobCommandInput['NetworkConfig']> => ({
  EnableNetworkIsolation: networkIsolation && !isRequired,
  ...(subnets.length === 0 ? {} : { VpcConfig: { Subnets: subnets, SecurityGroupIds: securityGroupIds } }),
})

export interface JobCommand {
  readonly entrypoint: string[]
  readonly args: string[]
  readonly environment: Record<string, string>
}

const buildCommand = ({ request, engineSha256, mounts }: JobSpec): JobCommand => {
  const { task, runId } = request
  if (task.kind === 'python-module') {
    const script = task.script.split(/[\\/]/).at(-1) ?? ''
    const root = `${mountRoot}/project_root`
    const installsWheels = mounts.some(({ name }) => name === wheelsMount)
    return {
      entrypoint: [...(installsWheels ? ['/bin/bash', `${mountRoot}/start/run-module.sh`] : ['python3']), `${mountRoot}/code/${script}`],
      args: [
        '--env',
        'sagemaker',
        '--config',
        `${root}/config/config.yaml`,
        '--input_data_path',
        `${mountRoot}/data`,
        '--output_data_path',
        outputPath,
        ...(task.arguments ?? []),
      ],
      environment: { ...task.environment, PYTHONPATH: root },
    }
  }
  // Of a mounted object the file is named: keys that begin with its name are mounted, too.
  const [, objectName = ''] = /\/([^/]*)$/.exec(mounts.find(({ name }) => name === 'data')?.s3Uri ?? '') ?? []
  const data = `${mountRoot}/data${objectName === '' ? '' : `/${objectName}`}`
  return {
    entrypoint: [...engineEntrypoint],
    args: [
      'analyze',
      data,
      '--out',
      outputPath,
      '--run-id',
      runId,
      '--method',
      task.method,
      '--json',
      '--config',
      `${mountRoot}/settings/settings.json`,
      ...tableArguments('servers', task.serversTable),
      ...tableArguments('events', task.eventsTable),
      ...capacityTableKinds.flatMap((kind) => tableArguments(kind, task.capacityTables?.[kind])),
      ...(task.model === undefined ? [] : ['--model', task.model]),
    ],
    environment: engineEnvironment(engineSha256),
  }
}

export const engineEnvironment = (sha256: string | null): Record<string, string> => ({
  HEADROOM_EXIT_MESSAGE: '/opt/ml/output/message',
  ...(sha256 === null ? {} : { HEADROOM_ENGINE_SHA256: sha256 }),
})

/** The engine's start script in its container. */
export const engineEntrypoint = ['/bin/bash', `${mountRoot}/engine/run.sh`]

/** Option and path of a mounted table, where one is named. */
export const tableArguments = (option: string, path: string | undefined): string[] =>
  path === undefined ? [] : [`--${option}`, `${mountRoot}/${option}/${path.split(/[\\/]/).at(-1)}`]

const limitExceeded = (what: string, limit: number): HeadroomError =>
  new HeadroomError('cloud-limit', `${what}; SageMaker allows ${limit}.`, { next: 'Shorten or reduce it.' })

const checkLimits = (input: CreateProcessingJobCommandInput): void => {
  const {
    AppSpecification: app,
    Environment: environment = {},
    ProcessingInputs: inputs = [],
    ProcessingOutputConfig: output,
    Tags: tags = [],
  } = input
  const name = input.ProcessingJobName ?? ''
  if (name.length > processingLimits.jobName)
    throw limitExceeded(`The job name ${name} has ${name.length} characters`, processingLimits.jobName)
  const tokens = [...(app?.ContainerEntrypoint ?? []), ...(app?.ContainerArguments ?? [])]
  const longToken = tokens.find((token) => token.length > processingLimits.argumentLength)
  if (longToken !== undefined)
    throw limitExceeded(`The argument "${longToken.slice(0, 40)} …" has ${longToken.length} characters`, processingLimits.argumentLength)
  if (tokens.length > processingLimits.arguments)
    throw limitExceeded(`The command has ${tokens.length} arguments`, processingLimits.arguments)
  const variables = Object.entries(environment)
  if (variables.length > processingLimits.variables)
    throw limitExceeded(`There are ${variables.length} variables`, processingLimits.variables)
  const longVariable = variables.find(([key, value]) => Math.max(key.length, value.length) > processingLimits.variableLength)
  if (longVariable !== undefined)
    throw limitExceeded(`The variable ${longVariable[0].slice(0, 40)} is too long`, processingLimits.variableLength)
  if (inputs.length > processingLimits.inputs) throw limitExceeded(`The job has ${inputs.length} inputs`, processingLimits.inputs)
  const locations = [...inputs.map(({ S3Input }) => S3Input), ...(output?.Outputs ?? []).map(({ S3Output }) => S3Output)]
  const longUri = locations.find((location) => (location?.S3Uri?.length ?? 0) > processingLimits.s3Uri)
  if (longUri !== undefined) throw limitExceeded(`The address ${longUri.S3Uri?.slice(0, 40)} … is too long`, processingLimits.s3Uri)
  if ((app?.ImageUri?.length ?? 0) > processingLimits.imageUri)
    throw limitExceeded('The image’s address is too long', processingLimits.imageUri)
  if (tags.length > processingLimits.tags) throw limitExceeded(`The job has ${tags.length} tags`, processingLimits.tags)
}

/** A folder of the bucket as an address. */
export const folderUri = (bucket: string, ...names: readonly string[]): string => asFolder(`s3://${bucket}/${names.join('/')}`)
