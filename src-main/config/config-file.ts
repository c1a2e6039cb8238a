// Reads settings from a YAML file: Headroom's own, or the Python pipeline's config.yaml.
import { basename } from 'node:path'
import { z, ZodError } from 'zod'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { type ConfigReading, importPipelineConfig, isPipelineConfig, pipelineSections } from '../../src-shared/config/pipeline-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { parseConfig } from './parse-config.ts'
import { readYamlFile } from './yaml-file.ts'

/** The settings in the file; the analysis validates their values. Throws config-invalid. */
export const readConfigFile = async (file: string): Promise<Record<string, unknown>> => {
  const { cloud: _, ...settings } = await readYamlFile(file, 'configuration')
  return isPipelineConfig(settings) ? readPipelineConfig(settings, file) : settings
}

/** The same with validated values, their defaults, and the top-level keys that are ignored. Throws config-invalid. */
export const previewConfigFile = async (file: string): Promise<ConfigReading> => {
  const { cloud, ...statedSettings } = await readYamlFile(file, 'configuration')
  const isPipeline = isPipelineConfig(statedSettings)
  const settings = isPipeline ? readPipelineConfig(statedSettings, file) : statedSettings
  const completed: Readonly<Record<string, unknown>> = parseConfig(settings, 'headroom')
  const defaults: Readonly<Record<string, unknown>> = completeConfig({}, 'headroom')
  const toJson = (value: unknown) => z.json().parse(value ?? null)
  const changes = Object.keys(settings).map((key) => ({ key, value: toJson(completed[key]), defaultValue: toJson(defaults[key]) }))
  return {
    path: file,
    kind: isPipeline ? 'pipeline' : 'headroom',
    settings: Object.fromEntries(changes.map(({ key, value }) => [key, value])),
    changes,
    ignored: isPipeline
      ? [...Object.keys(statedSettings).filter((key) => !pipelineSections.includes(key)), ...(cloud === undefined ? [] : ['cloud'])]
      : cloud === undefined
        ? []
        : ['cloud'],
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
