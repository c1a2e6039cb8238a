// A what-if scenario from a JSON or YAML file and from --set, or an error that names the wrong key.
import { ZodError } from 'zod'
import { describeValidationIssue } from '../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { scenarioSchema, type Scenario } from '../../src-shared/ipc/what-if.ts'
import { readYamlFile } from '../config/yaml-file.ts'
import { parseAssignment } from './read-settings.ts'

/** Later settings win: file, then --set. Throws scenario-invalid, usage. */
export const readScenario = async (file: string | undefined, assignments: readonly string[]): Promise<Scenario> => {
  const settings = {
    ...(file === undefined ? {} : await readYamlFile(file, 'scenario')),
    ...Object.fromEntries(assignments.map((assignment) => parseAssignment(assignment, 'growth_percent=15'))),
  }
  const keys = Object.keys(scenarioSchema.shape)
  const unknownKey = Object.keys(settings).find((key) => !keys.includes(key))
  if (unknownKey !== undefined) {
    const suggestion = findNearestName(unknownKey, keys)
    throw new HeadroomError('scenario-invalid', `A scenario has no key ${unknownKey}.`, {
      next: suggestion === undefined ? `Known keys: ${keys.join(', ')}.` : `Did you mean ${suggestion}?`,
    })
  }
  try {
    return scenarioSchema.parse(settings)
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause
    throw new HeadroomError('scenario-invalid', `The scenario's ${describeValidationIssue(settings, cause)}.`, {
      next: 'Correct the value; the user guide lists every key.',
      cause,
    })
  }
}
