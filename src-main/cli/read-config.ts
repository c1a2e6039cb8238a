// Settings from a YAML file and from --set: Headroom's own keys, or the config.yaml of the Python pipeline.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z, ZodError } from 'zod'
import { HeadroomError } from '../../src-shared/errors.ts'
import { importPipelineConfig, isPipelineConfig } from '../../src-shared/pipeline-config.ts'

const settingsSchema = z.record(z.string(), z.unknown())

/** Later settings win: file, then --set, then --seed. Values are checked by the engine. */
export const readSettings = async (
  file: string | undefined,
  assignments: readonly string[],
  seed: number | undefined,
): Promise<Record<string, unknown>> => ({
  ...(file === undefined ? {} : await readConfigFile(file)),
  ...Object.fromEntries(assignments.map((assignment) => parseAssignment(assignment))),
  ...(seed === undefined ? {} : { seed }),
})

const readConfigFile = async (file: string): Promise<Record<string, unknown>> => {
  const { cloud: _, ...settings } = await readYamlFile(file)
  return isPipelineConfig(settings) ? readPipelineConfig(settings, file) : settings
}

/** The file's keys as they are; its `cloud` section is for launches alone. */
export const readYamlFile = async (file: string): Promise<Record<string, unknown>> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HeadroomError('config-invalid', `The configuration ${file} cannot be read.`, { next: 'Check the path.', cause })
  })
  const parsed = settingsSchema
    .nullable()
    .safeParse(
      parseYaml(
        text,
        (fault) => new HeadroomError('config-invalid', `${basename(file)} is not valid YAML: ${fault}.`, { next: 'Mend that line.' }),
      ),
    )
  if (!parsed.success) {
    throw new HeadroomError('config-invalid', `${basename(file)} holds no settings: a list of "key: value" lines is expected.`, {
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

/** `refuse` makes the error from the parser's fault, a phrase without a full stop. */
export const parseYaml = (text: string, refuse: (fault: string) => HeadroomError): unknown => {
  try {
    // Aliases are bounded by the parser, so that a small file cannot unfold into a huge one.
    return parse(text, { maxAliasCount: 100, prettyErrors: false, logLevel: 'error' })
  } catch (cause) {
    if (!(cause instanceof YAMLParseError)) throw refuse('its aliases unfold into too much')
    const line = text.slice(0, cause.pos[0]).split('\n').length
    throw refuse(cause.code === 'MULTIPLE_DOCS' ? `a second document begins in line ${line}` : `${cause.message} in line ${line}`)
  }
}

export const parseAssignment = (assignment: string, example = 'high_risk_threshold=85'): [string, unknown] => {
  const at = assignment.indexOf('=')
  if (at < 1) {
    throw new HeadroomError('usage', `--set needs KEY=VALUE, not "${assignment}".`, { next: `For instance --set ${example}.` })
  }
  const refuse = (fault: string): HeadroomError =>
    new HeadroomError('usage', `The value of --set "${assignment}" cannot be read: ${fault}.`, { next: 'Put text in quotes.' })
  return [assignment.slice(0, at).trim(), parseYaml(assignment.slice(at + 1), refuse)]
}
