// Reads settings from a YAML file: Headroom's own, or the Python pipeline's config.yaml.
import { basename } from 'node:path'
import { z, ZodError } from 'zod'
import { completeConfig, renameSettings } from '../../src-shared/config/analysis-config.ts'
import {
  type ConfigReading,
  findUnusedKeys,
  importPipelineConfig,
  isPipelineConfig,
  isTemplateKey,
  type UnusedKey,
} from '../../src-shared/config/pipeline-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import { parseConfig } from './parse-config.ts'
import { readYamlFile } from './yaml-file.ts'

export interface ConfigFile {
  /** The analysis validates their values. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Names the keys without effect. */
  readonly warnings: readonly RunWarning[]
}

/** Throws config-invalid. */
export const readConfigFile = async (file: string): Promise<ConfigFile> => {
  const { settings, unusedKeys } = await readConfig(file)
  return { settings, warnings: unusedKeys.length === 0 ? [] : [unusedKeysWarning(basename(file), unusedKeys)] }
}

/** The same with validated values, their defaults, and the keys without effect. Throws config-invalid. */
export const previewConfigFile = async (file: string): Promise<ConfigReading> => {
  const { kind, settings, unusedKeys, cloudKeys } = await readConfig(file)
  const completed: Readonly<Record<string, unknown>> = parseConfig(settings, 'headroom')
  const defaults: Readonly<Record<string, unknown>> = completeConfig({}, 'headroom')
  const toJson = (value: unknown) => z.json().parse(value ?? null)
  const changes = Object.keys(settings).map((key) => ({ key, value: toJson(completed[key]), defaultValue: toJson(defaults[key]) }))
  return {
    path: file,
    kind,
    settings: Object.fromEntries(changes.map(({ key, value }) => [key, value])),
    changes,
    ignored: [...unusedKeys.map(describeUnusedKey), ...cloudKeys],
  }
}

interface ReadConfig {
  readonly kind: ConfigReading['kind']
  readonly settings: Readonly<Record<string, unknown>>
  readonly unusedKeys: readonly UnusedKey[]
  /** Groups that only the cloud commands use. */
  readonly cloudKeys: readonly string[]
}

const cloudGroups = ['aws', 'sagemaker', 'paths', 'cloud']

const readConfig = async (file: string): Promise<ReadConfig> => {
  const given = await readYamlFile(file, 'configuration')
  const { cloud: _, ...groups } = given
  const stated = renameSettings(groups)
  const cloudKeys = cloudGroups.filter((key) => key in given)
  if (isPipelineConfig(stated)) {
    return { kind: 'pipeline', settings: readPipelineConfig(stated, file), unusedKeys: findUnusedKeys(stated), cloudKeys }
  }
  const settings = Object.fromEntries(Object.entries(stated).filter(([key]) => !isTemplateKey(key)))
  return { kind: 'headroom', settings, unusedKeys: [], cloudKeys }
}

const describeUnusedKey = ({ key, nearest }: UnusedKey): string => (nearest === undefined ? key : `${key} (nearest: ${nearest})`)

const maxNamedKeys = 10

const unusedKeysWarning = (file: string, unusedKeys: readonly UnusedKey[]): RunWarning => {
  const names = unusedKeys.map(describeUnusedKey)
  const rest = names.length - maxNamedKeys
  return {
    code: 'unused-settings',
    message: `${file} has keys without effect: ${names.slice(0, maxNamedKeys).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`,
    count: names.length,
    examples: unusedKeys.map(({ key }) => key),
  }
}

const readPipelineConfig = (settings: Readonly<Record<string, unknown>>, file: string): Record<string, unknown> => {
  try {
    return importPipelineConfig(settings)
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause
    throw new HeadroomError('config-invalid', `${cause.issues[0]!.path.join('.')} of ${basename(file)} must be a group of keys.`, {
      next: 'Indent its keys below it.',
      cause,
    })
  }
}
