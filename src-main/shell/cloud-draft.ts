// What was filled in for a launch: kept between starts, filled from a pipeline's config.yaml, turned into a request.
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { cloudDraftSchema, emptyDraft, type CloudDraft } from '../../src-shared/cloud-contract.ts'
import { cloudSettingsSchema, launchRequestSchema, type LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { importPipelineConfig } from '../../src-shared/pipeline-config.ts'
import { importPipelineCloud } from '../cloud/pipeline-settings.ts'
import { newRunId } from '../cloud/trip-journal.ts'
import { tableBeside } from './path-inspection.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

/** One that an earlier version kept may lack fields. */
const keptDraft = z.preprocess((kept) => (typeof kept === 'object' ? { ...emptyDraft, ...kept } : kept), cloudDraftSchema)

export const readDraft = (path: string): Promise<CloudDraft> => readJsonFile<CloudDraft>(path, keptDraft, emptyDraft)
export const keepDraft = (path: string, draft: CloudDraft): Promise<void> => writeJsonFile(path, draft)

/** The draft with what the file states over it, and the file's analysis settings. */
export const fillFromConfig = async (draft: CloudDraft, file: string): Promise<CloudDraft> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HeadroomError('config-invalid', `${basename(file)} cannot be read.`, { cause })
  })
  try {
    const config: unknown = parse(text, { maxAliasCount: 100, logLevel: 'error' })
    const { profile, region, settings, input } = importPipelineCloud(config)
    return {
      ...draft,
      profile: profile ?? draft.profile,
      region: region ?? draft.region,
      input: input ?? draft.input,
      bucket: settings.bucket ?? draft.bucket,
      roleArn: settings.roleArn ?? draft.roleArn,
      instanceType: settings.instanceType ?? draft.instanceType,
      imageUri: settings.imageUri ?? draft.imageUri,
      configFile: file,
    }
  } catch (cause) {
    throw new HeadroomError('config-invalid', `${basename(file)} is no configuration of the pipeline.`, {
      next: 'Choose its config.yaml.',
      cause,
    })
  }
}

const readAnalysisSettings = async (file: string): Promise<Record<string, unknown>> =>
  file === ''
    ? {}
    : importPipelineConfig(parse(await readFile(file, 'utf8'), { maxAliasCount: 100, logLevel: 'error' }) as Record<string, unknown>)

const optional = (name: string, text: string): Record<string, string> => (text.trim() === '' ? {} : { [name]: text.trim() })

const fieldNames: Readonly<Record<string, string>> = { bucket: 'bucket', roleArn: 'execution role', prefix: 'prefix' }

/** Throws cloud-setup that names the field. */
export const draftRequest = async (draft: CloudDraft): Promise<LaunchRequest> => {
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
  const serversTable = isRemote ? null : await tableBeside(resolve(input), 'servers')
  const config = await readAnalysisSettings(draft.configFile)
  const task = { kind: 'engine', method: 'headroom', config, ...(serversTable === null ? {} : { serversTable }) }
  const parsed = launchRequestSchema.safeParse({
    runId: newRunId(),
    settings: settings.data,
    input: isRemote ? input : [resolve(input)],
    task,
  })
  if (parsed.success) return parsed.data
  throw new HeadroomError('cloud-setup', `${input} is no S3 prefix.`, { next: 'It looks like s3://bucket/folder/.' })
}
