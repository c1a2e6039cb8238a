// Secrets of a plan: `${NAME}` stands for a variable of the environment, so that no plan holds one.
import { HeadroomError } from '../../src-shared/run/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `subject` names the part of the plan in the message. Throws config-invalid for a variable that is not set. */
export const fillVariables = (text: string, environment: Environment, subject: string): string =>
  text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = environment[name]
    if (value !== undefined && value !== '') return value
    throw new HeadroomError('config-invalid', `The plan's ${subject} needs the variable ${name}, which is not set.`, {
      next: `Set ${name} in the environment.`,
    })
  })
