// Settings from a YAML file and from --set: Headroom's own keys, or the config.yaml of the Python pipeline.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
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
  ...Object.fromEntries(assignments.map(parseAssignment)),
  ...(seed === undefined ? {} : { seed }),
})

const readConfigFile = async (file: string): Promise<Record<string, unknown>> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HeadroomError('config-invalid', `The configuration ${file} cannot be read.`, { next: 'Check the path.', cause })
  })
  const parsed = settingsSchema.nullable().safeParse(parseYaml(text, file))
  if (!parsed.success) {
    throw new HeadroomError('config-invalid', `${basename(file)} holds no settings: a list of "key: value" lines is expected.`, {
      next: 'See the user guide for the keys.',
    })
  }
  const settings = parsed.data ?? {}
  return isPipelineConfig(settings) ? importPipelineConfig(settings) : settings
}

const parseYaml = (text: string, file: string): unknown => {
  try {
    // Aliases are bounded by the parser, so that a small file cannot unfold into a huge one.
    return parse(text, { maxAliasCount: 100 })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    throw new HeadroomError('config-invalid', `${basename(file)} is not valid YAML: ${message}`, {
      next: 'Mend the line that it names.',
      cause,
    })
  }
}

const parseAssignment = (assignment: string): [string, unknown] => {
  const at = assignment.indexOf('=')
  if (at < 1) {
    throw new HeadroomError('usage', `--set needs KEY=VALUE, not "${assignment}".`, {
      next: 'For instance --set high_risk_threshold=85.',
    })
  }
  return [assignment.slice(0, at).trim(), parseYaml(assignment.slice(at + 1), '--set')]
}
