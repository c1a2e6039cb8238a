// A what-if scenario from a JSON or YAML file and from --set, or one sentence that names what does not fit.
import { basename } from 'node:path'
import { z, ZodError } from 'zod'
import { describeValidationIssue } from '../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { scenarioSchema, type Scenario } from '../../src-shared/ipc/what-if.ts'
import { parseYaml } from '../engine/config-file.ts'
import { readTextFile } from '../run-folder/read-text-file.ts'
import { parseAssignment } from './read-settings.ts'

/** Later settings win: file, then --set. Throws scenario-invalid, usage. */
export const readScenario = async (file: string | undefined, assignments: readonly string[]): Promise<Scenario> => {
  const settings = {
    ...(file === undefined ? {} : await readScenarioFile(file)),
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

const readScenarioFile = async (file: string): Promise<Record<string, unknown>> => {
  const text = await readTextFile(
    file,
    (fault, cause) => new HeadroomError('scenario-invalid', `The scenario ${file} ${fault}.`, { next: 'Check the path.', cause }),
  )
  const name = basename(file)
  const parsed = z
    .record(z.string(), z.unknown())
    .nullable()
    .safeParse(
      parseYaml(
        text,
        (fault) => new HeadroomError('scenario-invalid', `${name} is neither JSON nor YAML: ${fault}.`, { next: 'Correct that line.' }),
      ),
    )
  if (parsed.success) return parsed.data ?? {}
  throw new HeadroomError('scenario-invalid', `${name} holds no scenario: a group of keys is expected.`, {
    next: 'See the user guide for the keys.',
  })
}
