// What was filled in for a launch: kept between starts, filled from a pipeline's config.yaml, turned into a request.
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { cloudDraftSchema, emptyDraft, type CloudDraft } from '../../src-shared/cloud-contract.ts'
import { cloudSettingsSchema, launchRequestSchema, type LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { importPipelineConfig, isPipelineConfig } from '../../src-shared/pipeline-config.ts'
import { readCloudPart } from '../cloud/config-cloud.ts'
import { newRunId } from '../cloud/trip-journal.ts'
import { tableBeside } from './path-inspection.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

/** One that an earlier version kept may lack fields. */
const keptDraft = z.preprocess((kept) => (typeof kept === 'object' ? { ...emptyDraft, ...kept } : kept), cloudDraftSchema)

export const readDraft = (path: string): Promise<CloudDraft> => readJsonFile<CloudDraft>(path, keptDraft, emptyDraft)
export const keepDraft = (path: string, draft: CloudDraft): Promise<void> => writeJsonFile(path, draft)

/** The draft with what the file states over it, and the file's analysis settings. Throws config-invalid. */
export const fillFromConfig = async (draft: CloudDraft, file: string): Promise<CloudDraft> => {
  const config = await readConfig(file)
  const { profile, region, settings, input } = readCloudPart(config, basename(file))
  const { maxRuntimeSeconds, ...stated } = settings
  return cloudDraftSchema.parse({
    ...draft,
    ...stated,
    profile: profile ?? draft.profile,
    region: region ?? draft.region,
    input: input ?? draft.input,
    maxRuntimeMinutes: maxRuntimeSeconds === undefined ? draft.maxRuntimeMinutes : maxRuntimeSeconds / 60,
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
export const draftRequest = async (draft: CloudDraft, plans: string): Promise<LaunchRequest> => {
  const runId = newRunId()
  const settings = cloudSettingsSchema.safeParse({
    ...optional('bucket', draft.bucket),
    ...optional('prefix', draft.prefix),
    ...optional('roleArn', draft.roleArn),
    ...optional('instanceType', draft.instanceType),
    ...optional('imageUri', draft.imageUri),
    ...optional('kmsKeyId', draft.kmsKeyId),
    subnets: draft.subnets,
    securityGroupIds: draft.securityGroupIds,
    tags: draft.tags,
    volumeGb: draft.volumeGb,
    networkIsolation: draft.networkIsolation,
    maxRuntimeSeconds: Math.round(draft.maxRuntimeMinutes * 60),
    costCeilingUsd: draft.costCeilingUsd,
  })
  if (!settings.success) {
    const [issue] = settings.error.issues
    const field = String(issue!.path[0] ?? 'settings')
    const isMissing = draft[field as keyof CloudDraft] === ''
    throw new HeadroomError(
      'cloud-setup',
      isMissing ? `No ${fieldNames[field] ?? field} is chosen.` : `The ${fieldNames[field] ?? field} does not fit: ${issue!.message}`,
    )
  }
  const input = draft.input.trim()
  if (input === '') throw new HeadroomError('cloud-setup', 'No forecasts are chosen.', { next: 'Name an S3 prefix, or a file or folder.' })
  const isRemote = input.startsWith('s3://')
  const parsed = launchRequestSchema.safeParse({
    runId,
    settings: settings.data,
    input: isRemote ? input : [resolve(input)],
    task: draft.program === 'engine' ? await engineTask(draft, isRemote ? null : resolve(input), join(plans, runId)) : moduleTask(draft),
  })
  if (parsed.success) return parsed.data
  throw new HeadroomError('cloud-setup', `${input} is no S3 prefix.`, { next: 'It looks like s3://bucket/folder/.' })
}

/** The tables that are named, else those that lie beside local forecasts. */
const engineTask = async (draft: CloudDraft, localInput: string | null, planFolder: string): Promise<object> => {
  const beside = async (kind: 'servers' | 'events'): Promise<string> =>
    localInput === null ? '' : ((await tableBeside(localInput, kind)) ?? '')
  return {
    kind: 'engine',
    method: 'headroom',
    config: await readAnalysisSettings(draft.configFile),
    ...(draft.engine === 'spark' ? { spark: { instances: draft.instances, planFolder } } : {}),
    ...localFile('serversTable', draft.serversTable.trim() || (await beside('servers'))),
    ...localFile('eventsTable', draft.eventsTable.trim() || (await beside('events'))),
  }
}

const moduleTask = ({ moduleScript, projectFolder }: CloudDraft): object => {
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
