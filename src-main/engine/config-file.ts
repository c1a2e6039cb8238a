// Reads settings from a YAML file: Headroom's own, or the Python pipeline's config.yaml.
import { basename } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z, ZodError } from 'zod'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import type { ConfigReading } from '../../src-shared/config/config-preview.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { importPipelineConfig, isPipelineConfig, pipelineSections } from '../../src-shared/config/pipeline-config.ts'
import { parseConfig } from './parse-config.ts'
import { readTextFile } from '../run-folder/read-text-file.ts'

const settingsSchema = z.record(z.string(), z.unknown())

/** The settings in the file; the analysis validates their values. Throws config-invalid. */
export const readConfigFile = async (file: string): Promise<Record<string, unknown>> => {
  const { cloud: _, ...settings } = await readYamlFile(file)
  return isPipelineConfig(settings) ? readPipelineConfig(settings, file) : settings
}

/** The same with validated values, their defaults, and the top-level keys that are ignored. Throws config-invalid. */
export const previewConfigFile = async (file: string): Promise<ConfigReading> => {
  const { cloud, ...statedSettings } = await readYamlFile(file)
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

/** The file's keys, unvalidated; only cloud runs use its `cloud` section. Throws config-invalid. */
export const readYamlFile = async (file: string): Promise<Record<string, unknown>> => {
  const text = await readTextFile(
    file,
    (problem, cause) => new HeadroomError('config-invalid', `The configuration ${file} ${problem}.`, { next: 'Check the path.', cause }),
  )
  const parsed = settingsSchema
    .nullable()
    .safeParse(
      parseYaml(
        text,
        (problem) =>
          new HeadroomError('config-invalid', `${basename(file)} is not valid YAML: ${problem}.`, { next: 'Correct that line.' }),
      ),
    )
  if (!parsed.success) {
    throw new HeadroomError('config-invalid', `${basename(file)} contains no settings. Headroom expects lines of the form "key: value".`, {
      next: 'See the user guide for the keys.',
    })
  }
  return parsed.data ?? {}
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

/** `createError` builds the error from the parser's message, a phrase without a full stop. */
export const parseYaml = (text: string, createError: (problem: string) => HeadroomError): unknown => {
  try {
    // The parser limits aliases, so that a small file cannot expand into a huge one.
    return parse(text, { maxAliasCount: 100, prettyErrors: false, logLevel: 'error' })
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw createError('it is nested too deeply, or its aliases expand too far')
    const line = text.slice(0, cause.pos[0]).split('\n').length
    throw createError(cause.code === 'MULTIPLE_DOCS' ? `a second document begins in line ${line}` : `${cause.message} in line ${line}`)
  }
}
