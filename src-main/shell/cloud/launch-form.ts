// What was filled in for a launch: kept between starts, filled from a pipeline's config.yaml, turned into a request.
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { launchFormSchema, emptyLaunchForm, type LaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { cloudSettingsSchema, launchRequestSchema, type LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { importPipelineConfig, isPipelineConfig } from '../../../src-shared/config/pipeline-config.ts'
import { readCloudConfig } from '../../cloud/launch/read-cloud-config.ts'
import { newRunId } from '../../cloud/launch/launch-records.ts'
import { findCompanionTable } from '../ipc/inspect-path.ts'
import { readJsonFile, writeJsonFile } from '../settings/settings-file.ts'

/** One that an earlier version kept may lack fields. */
const storedFormSchema = z.preprocess(
  (stored) => (typeof stored === 'object' ? { ...emptyLaunchForm, ...stored } : stored),
  launchFormSchema,
)

/** Keeps the name that earlier versions gave it. */
export const launchFormPath = (cloudFolder: string): string => join(cloudFolder, 'draft.json')
export const readLaunchForm = (path: string): Promise<LaunchForm> => readJsonFile<LaunchForm>(path, storedFormSchema, emptyLaunchForm)
export const saveLaunchForm = (path: string, form: LaunchForm): Promise<void> => writeJsonFile(path, form)

/** The draft with what the file states over it, and the file's analysis settings. Throws config-invalid. */
export const fillFromConfig = async (form: LaunchForm, file: string): Promise<LaunchForm> => {
  const config = await readConfig(file)
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

const readConfig = async (file: string): Promise<Record<string, unknown>> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HeadroomError('config-invalid', `${basename(file)} cannot be read.`, { next: 'Choose it anew.', cause })
  })
  try {
    return z.record(z.string(), z.unknown()).parse(parse(text, { maxAliasCount: 100, logLevel: 'error' }) ?? {})
  } catch (cause) {
    throw new HeadroomError('config-invalid', `${basename(file)} holds no settings: a list of "key: value" lines is expected.`, {
      next: "Choose the pipeline's config.yaml, or a file with Headroom's own keys.",
      cause,
    })
  }
}

const readAnalysisSettings = async (file: string): Promise<Record<string, unknown>> => {
  if (file === '') return {}
  const { cloud: _, ...settings } = await readConfig(file)
  return isPipelineConfig(settings) ? importPipelineConfig(settings) : settings
}

const optional = (name: string, text: string): Record<string, string> => (text.trim() === '' ? {} : { [name]: text.trim() })

const fieldNames: Readonly<Record<string, string>> = { bucket: 'bucket', roleArn: 'execution role', prefix: 'prefix' }

/** `plans`: folder for plans of Spark jobs. Throws cloud-setup that names the field. */
export const buildLaunchRequest = async (form: LaunchForm, planRoot: string): Promise<LaunchRequest> => {
  const runId = newRunId()
  const settings = cloudSettingsSchema.safeParse({
    ...optional('bucket', form.bucket),
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
      isMissing ? `No ${fieldNames[field] ?? field} is chosen.` : `The ${fieldNames[field] ?? field} does not fit: ${issue!.message}`,
    )
  }
  const input = form.input.trim()
  if (input === '') throw new HeadroomError('cloud-setup', 'No forecasts are chosen.', { next: 'Name an S3 prefix, or a file or folder.' })
  const isRemote = input.startsWith('s3://')
  const parsed = launchRequestSchema.safeParse({
    runId,
    settings: settings.data,
    input: isRemote ? input : [resolve(input)],
    task: form.program === 'engine' ? await engineTask(form, isRemote ? null : resolve(input), join(planRoot, runId)) : moduleTask(form),
  })
  if (parsed.success) return parsed.data
  throw new HeadroomError('cloud-setup', `${input} is no S3 prefix.`, { next: 'It looks like s3://bucket/folder/.' })
}

/** The tables that are named, else those that lie beside local forecasts. */
const engineTask = async (form: LaunchForm, localInput: string | null, planFolder: string): Promise<object> => {
  const findTable = async (kind: 'servers' | 'events'): Promise<string> =>
    localInput === null ? '' : ((await findCompanionTable(localInput, kind)) ?? '')
  return {
    kind: 'engine',
    method: 'headroom',
    config: await readAnalysisSettings(form.configFile),
    ...(form.engine === 'spark' ? { spark: { instances: form.instances, planFolder } } : {}),
    ...localFile('serversTable', form.serversTable.trim() || (await findTable('servers'))),
    ...localFile('eventsTable', form.eventsTable.trim() || (await findTable('events'))),
  }
}

const moduleTask = ({ moduleScript, projectFolder }: LaunchForm): object => {
  if (projectFolder.trim() === '') {
    throw new HeadroomError('cloud-setup', 'No project folder is chosen.', { next: 'Name the folder with src and config of your module.' })
  }
  if (moduleScript.trim() === '') {
    throw new HeadroomError('cloud-setup', 'No script of the module is named.', {
      next: 'Name it as in the project: src/05_risk_analysis.py.',
    })
  }
  return { kind: 'python-module', script: moduleScript.trim(), ...localFile('projectFolder', projectFolder) }
}

const localFile = (name: string, path: string): Record<string, string> => (path.trim() === '' ? {} : { [name]: resolve(path.trim()) })
