// Settings from a YAML file and from --set: Headroom's own keys, or the config.yaml of the Python pipeline.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { type ConfigFile, readConfigFile } from '../config/config-file.ts'
import { parseYaml } from '../config/yaml-file.ts'

/** Later settings win: file, then --set, then --seed. The engine checks the values. */
export const readSettings = async (
  file: string | undefined,
  assignments: readonly string[],
  seed: number | undefined,
): Promise<ConfigFile> => {
  const { settings, warnings } = file === undefined ? { settings: {}, warnings: [] } : await readConfigFile(file)
  return {
    settings: {
      ...settings,
      ...Object.fromEntries(assignments.map((assignment) => parseAssignment(assignment))),
      ...(seed === undefined ? {} : { seed }),
    },
    warnings,
  }
}

export const parseAssignment = (assignment: string, example = 'high_risk_threshold=85'): [string, unknown] => {
  const at = assignment.indexOf('=')
  if (at < 1) {
    throw new HeadroomError('usage', `--set needs KEY=VALUE, not "${assignment}".`, { next: `For instance --set ${example}.` })
  }
  const createError = (fault: string): HeadroomError =>
    new HeadroomError('usage', `The value of --set "${assignment}" cannot be read: ${fault}.`, { next: 'Put text in quotes.' })
  return [assignment.slice(0, at).trim(), parseYaml(assignment.slice(at + 1), createError)]
}
