// The launch form: saved between starts, filled from a config.yaml, and converted to a launch request.
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { launchFormSchema, emptyLaunchForm, type LaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { cloudSettingsSchema, launchRequestSchema, type LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { readConfigFile } from '../../config/config-file.ts'
import { readYamlFile } from '../../config/yaml-file.ts'
import { readCloudConfig } from '../../cloud/launch/read-cloud-config.ts'
import { newRunId } from '../../cloud/launch/run-names.ts'
import { findCapacityTables, findCompanionTable } from '../ipc/inspect-path.ts'
import { readJsonFile, writeJsonFile } from '../settings/settings-file.ts'

/** A form that an earlier version saved may lack fields. */
const storedFormSchema = z.preprocess(
  (stored) => (typeof stored === 'object' ? { ...emptyLaunchForm, ...stored } : stored),
  launchFormSchema,
)

/** Keeps the name that earlier versions gave it. */
export const launchFormPath = (cloudFolder: string): string => join(cloudFolder, 'draft.json')
export const readLaunchForm = (path: string): Promise<LaunchForm> => readJsonFile<LaunchForm>(path, storedFormSchema, emptyLaunchForm)
export const saveLaunchForm = (path: string, form: LaunchForm): Promise<void> => writeJsonFile(path, form)

/** The form with the settings of the file, and the file itself for the analysis settings. Throws config-invalid. */
export const fillFromConfig = async (form: LaunchForm, file: string): Promise<LaunchForm> => {
  const config = await readYamlFile(file, 'configuration')
  const { profile, region, settings, input } = readCloudConfig(config, basename(file))
  const { maxRuntimeSeconds, ...stated } = settings
  return launchFormSchema.parse({
    ...form,
    ...stated,
    profile: profile ?? form.profile,
    region: region ?? form.region,
    input: input ?? form.input,
    maxRuntimeMinutes: maxRuntimeSeconds === undefined ? form.maxRuntimeMinutes : maxRuntimeSeconds / 60,
    configFile: file,
  })
}

const optional = (name: string, text: string): Record<string, string> => (text.trim() === '' ? {} : { [name]: text.trim() })

const fieldNames: Readonly<Record<string, string>> = {
  bucket: 'bucket',
  roleArn: 'execution role',
  prefix: 'prefix',
  bucketOwner: 'bucket owner',
}

/** `plans`: folder for plans of Spark jobs. Throws cloud-setup, which names the field. */
export const buildLaunchRequest = async (form: LaunchForm, planRoot: string): Promise<LaunchRequest> => {
  const runId = newRunId()
  const settings = cloudSettingsSchema.safeParse({
    ...optional('bucket', form.bucket),
    ...optional('bucketOwner', form.bucketOwner),
    ...optional('prefix', form.prefix),
    ...optional('roleArn', form.roleArn),
    ...optional('instanceType', form.instanceType),
    ...optional('imageUri', form.imageUri),
    ...optional('kmsKeyId', form.kmsKeyId),
    subnets: form.subnets,
    securityGroupIds: form.securityGroupIds,
    tags: form.tags,
    volumeGb: form.volumeGb,
    networkIsolation: form.networkIsolation,
    maxRuntimeSeconds: Math.round(form.maxRuntimeMinutes * 60),
    costCeilingUsd: form.costCeilingUsd,
  })
  if (!settings.success) {
    const [issue] = settings.error.issues
    const field = String(issue!.path[0] ?? 'settings')
    const isMissing = form[field as keyof LaunchForm] === ''
    throw new HeadroomError(
      'cloud-setup',
      isMissing ? `The ${fieldNames[field] ?? field} is missing.` : `The ${fieldNames[field] ?? field} is invalid: ${issue!.message}`,
    )
  }
  const input = form.input.trim()
  if (input === '')
    throw new HeadroomError('cloud-setup', 'Forecasts are missing.', { next: 'Enter an S3 prefix, or a local file or folder.' })
  const isRemote = input.startsWith('s3://')
  const parsed = launchRequestSchema.safeParse({
    runId,
    settings: settings.data,
    input: isRemote ? input : [resolve(input)],
    task: form.program === 'engine' ? await engineTask(form, isRemote ? null : resolve(input), join(planRoot, runId)) : moduleTask(form),
  })
  if (parsed.success) return parsed.data
  throw new HeadroomError('cloud-setup', `${input} is not an S3 prefix.`, { next: 'Write it as s3://bucket/folder/.' })
}

/** The chosen tables, else the companion tables of local forecasts. */
const engineTask = async (form: LaunchForm, localInput: string | null, planFolder: string): Promise<object> => {
  const findTable = async (kind: 'servers' | 'events'): Promise<string> =>
    localInput === null ? '' : ((await findCompanionTable(localInput, kind)) ?? '')
  return {
    kind: 'engine',
    method: 'headroom',
    config: form.configFile === '' ? {} : (await readConfigFile(form.configFile)).settings,
    ...(form.engine === 'spark' ? { spark: { instances: form.instances, planFolder } } : {}),
    ...localFile('serversTable', form.serversTable.trim() || (await findTable('servers'))),
    ...localFile('eventsTable', form.eventsTable.trim() || (await findTable('events'))),
    capacityTables: {
      ...(localInput === null ? {} : await findCapacityTables(localInput)),
      ...localFile('projects', form.projectsTable),
      ...localFile('drivers', form.driversTable),
      ...localFile('catalogue', form.catalogue),
    },
  }
}

const moduleTask = ({ moduleScript, projectFolder }: LaunchForm): object => {
  if (projectFolder.trim() === '') {
    throw new HeadroomError('cloud-setup', 'The project folder is missing.', {
      next: 'Choose the folder with src and config of your module.',
    })
  }
  if (moduleScript.trim() === '') {
    throw new HeadroomError('cloud-setup', 'The script of the module is missing.', {
      next: 'Enter its path in the project: src/05_risk_analysis.py.',
    })
  }
  return { kind: 'python-module', script: moduleScript.trim(), ...localFile('projectFolder', projectFolder) }
}

const localFile = (name: string, path: string): Record<string, string> => (path.trim() === '' ? {} : { [name]: resolve(path.trim()) })
