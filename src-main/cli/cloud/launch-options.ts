// Builds the launch request of a cloud command from its configuration file and options; options win.
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { AnalysisMethod } from '../../../src-shared/config/analysis-config.ts'
import {
  cloudSettingsSchema,
  launchRequestSchema,
  defaultInstances,
  isModuleVariable,
  type EngineKind,
  type LaunchRequest,
} from '../../../src-shared/cloud/cloud-settings.ts'
import { describeValidationRule } from '../../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { readCloudConfig, type CloudConfig } from '../../cloud/launch/read-cloud-config.ts'
import { cloudFolders } from '../../cloud/launch/launch-records.ts'
import { newRunId } from '../../cloud/launch/run-names.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { readYamlFile } from '../../config/yaml-file.ts'
import { readEventsTable } from '../../forecasts/events-table.ts'
import { readSettings, type StatedSettings } from '../read-settings.ts'
import { say } from '../terminal.ts'

export interface ConnectionOptions {
  readonly profile?: string
  readonly region?: string
  readonly allowCredentialProcess?: boolean
  readonly json?: boolean
}

export interface LaunchOptions extends ConnectionOptions, StatedSettings {
  readonly bucket?: string
  readonly bucketOwner?: string
  readonly prefix?: string
  readonly role?: string
  readonly instanceType?: string
  readonly image?: string
  readonly volume?: number
  readonly maxRuntime?: number
  readonly costLimit?: number | 'none'
  /** Former name of `costLimit`. */
  readonly costCeiling?: number | 'none'
  readonly kmsKey?: string
  readonly subnet: readonly string[]
  readonly securityGroup: readonly string[]
  readonly networkIsolation: boolean
  readonly tag: readonly string[]
  readonly servers?: string
  readonly events?: string
  readonly projects?: string
  readonly drivers?: string
  readonly catalogue?: string
  readonly method: AnalysisMethod
  readonly model?: string
  readonly engine: EngineKind
  readonly instances?: number
  readonly shards?: number
  readonly pythonModule?: string
  readonly project: string
  readonly argument: readonly string[]
  readonly wheels?: string
  readonly outputPrefix?: string
  readonly env: readonly string[]
}

/** Below HEADROOM_HOME, else below headroom in the XDG data folder. */
export const readCloudFolders = (): ReturnType<typeof cloudFolders> => {
  const homeOverride = process.env['HEADROOM_HOME'] ?? ''
  const data = process.env['XDG_DATA_HOME'] ?? ''
  const root = homeOverride === '' ? join(data === '' ? join(homedir(), '.local', 'share') : data, 'headroom') : resolve(homeOverride)
  return cloudFolders(join(root, 'cloud'))
}

/** Cloud settings of the file; options of the command win. */
export const readCloudFile = async (file: string | undefined): Promise<CloudConfig> =>
  readCloudConfig(file === undefined ? {} : await readYamlFile(file, 'configuration'), basename(file ?? ''))

const definedValues = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)))

export const readLaunchRequest = async (inputs: readonly string[], options: LaunchOptions): Promise<LaunchRequest> => {
  const file = await readCloudFile(options.config)
  const costLimit = options.costLimit ?? options.costCeiling
  const settings = parseSettings({
    ...file.settings,
    ...definedValues({
      bucket: options.bucket,
      bucketOwner: options.bucketOwner,
      prefix: options.prefix,
      roleArn: options.role,
      instanceType: options.instanceType,
      imageUri: options.image,
      volumeGb: options.volume,
      maxRuntimeSeconds: options.maxRuntime,
      costCeilingUsd: costLimit === 'none' ? null : costLimit,
      kmsKeyId: options.kmsKey,
      subnets: options.subnet,
      securityGroupIds: options.securityGroup,
      networkIsolation: options.networkIsolation ? undefined : false,
      tags: options.tag.length === 0 ? undefined : Object.fromEntries(options.tag.map((text) => parsePair('tag', 'team=capacity', text))),
    }),
  })
  if (options.pythonModule !== undefined && options.engine === 'spark') {
    throw new HeadroomError('usage', 'A Python module does not run on a Spark cluster.', { next: 'Omit --engine.' })
  }
  const isModuleOption =
    options.argument.length + options.env.length > 0 || options.wheels !== undefined || options.outputPrefix !== undefined
  if (options.pythonModule === undefined && isModuleOption) {
    throw new HeadroomError('usage', '--argument, --env, --wheels and --output-prefix belong to --python-module.', {
      next: 'Set options of the analysis with --set.',
    })
  }
  const { settings: config, warnings } = await readSettings(options)
  for (const { message } of warnings) say(`Warning: ${message}`)
  // Checked here, so that a wrong line fails before an instance starts.
  if (options.events !== undefined) {
    const { decimal, time_zone: timeZone } = parseConfig(config, options.method)
    await readEventsTable(options.events, decimal, timeZone)
  }
  const runId = newRunId()
  const parsed = launchRequestSchema.safeParse({
    runId,
    settings,
    input: chooseInput(inputs, file.input),
    task:
      options.pythonModule === undefined
        ? {
            kind: 'engine',
            method: options.method,
            config,
            ...(options.engine === 'spark' ? { spark: sparkOptions(options, runId) } : {}),
            ...definedValues({ model: options.model, serversTable: toAbsolute(options.servers), eventsTable: toAbsolute(options.events) }),
            capacityTables: definedValues({
              projects: toAbsolute(options.projects),
              drivers: toAbsolute(options.drivers),
              catalogue: toAbsolute(options.catalogue),
            }),
          }
        : {
            kind: 'python-module',
            projectFolder: resolve(options.project),
            script: options.pythonModule,
            ...definedValues({
              arguments: options.argument,
              wheelsFolder: toAbsolute(options.wheels),
              outputPrefix: options.outputPrefix,
              environment: options.env.length === 0 ? undefined : Object.fromEntries(options.env.map(parseVariable)),
            }),
          },
  })
  if (parsed.success) return parsed.data
  throw new HeadroomError('usage', `The launch request is invalid: ${describeValidationRule(parsed.error)}.`, {
    next: 'See headroom cloud launch --help.',
  })
}

const sparkOptions = ({ method, instances, shards }: LaunchOptions, runId: string): object => {
  if (method !== 'headroom')
    throw new HeadroomError('usage', `The method ${method} does not run on a Spark cluster.`, { next: 'Omit --method or --engine.' })
  return { instances: instances ?? defaultInstances, shards, planFolder: join(readCloudFolders().plans, runId) }
}

/** A launch may be resumed from another folder. */
const toAbsolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path))

const chooseInput = (inputs: readonly string[], configInput: string | undefined): string | readonly string[] => {
  const candidates = inputs.length === 0 && configInput !== undefined ? [configInput] : inputs
  const [first] = candidates
  if (first === undefined) throw new HeadroomError('usage', 'Forecasts are missing.', { next: 'Name an S3 prefix or local files.' })
  const remote = candidates.filter((input) => input.startsWith('s3://'))
  if (remote.length === 0) return candidates.map((input) => resolve(input))
  if (candidates.length === 1) return first
  throw new HeadroomError('usage', 'Either one S3 prefix or local files can be analysed.', { next: 'Put all files below one prefix.' })
}

const optionNames: Readonly<Record<string, string>> = {
  bucket: '--bucket',
  roleArn: '--role',
  prefix: '--prefix',
  instanceType: '--instance-type',
}

const parseSettings = (values: Readonly<Record<string, unknown>>): LaunchRequest['settings'] => {
  const parsed = cloudSettingsSchema.safeParse(values)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const key = String(issue!.path[0] ?? '')
  const isMissing = values[key] === undefined && key in optionNames
  throw new HeadroomError(
    'usage',
    isMissing
      ? `The ${key === 'roleArn' ? 'execution role' : key} is missing.`
      : `${key === '' ? 'The cloud settings are' : `${key} is`} invalid: ${issue!.message}`,
    {
      next: `Set ${optionNames[key] ?? 'the option'}, or the key in the cloud section of --config.`,
    },
  )
}

const parseVariable = (text: string): [string, string] => {
  const [name, value] = parsePair('env', 'MODE=daily', text)
  if (isModuleVariable(name)) return [name, value]
  throw new HeadroomError('usage', `--env ${name} cannot be set.`, {
    next: 'Names have letters, digits and underscores; PYTHONPATH names the project.',
  })
}

const parsePair = (option: string, example: string, text: string): [string, string] => {
  const at = text.indexOf('=')
  if (at < 1)
    throw new HeadroomError('usage', `--${option} needs KEY=VALUE, not "${text}".`, { next: `For instance --${option} ${example}.` })
  return [text.slice(0, at), text.slice(at + 1)]
}
