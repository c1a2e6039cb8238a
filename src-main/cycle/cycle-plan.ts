// The plan of a cycle: what is analysed, where the runs lie, which gates hold and what is written or sent.
import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { z, ZodError } from 'zod'
import { analysisMethodSchema } from '../../src-shared/config/analysis-config.ts'
import { describeValidationIssue } from '../../src-shared/config/describe-validation-issue.ts'
import { nameRecord } from '../../src-shared/config/name-record.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { readYamlFile } from '../config/yaml-file.ts'
import { gatesSchema } from './gates.ts'

const path = z.string().min(1).max(4096)

/** Whether an output goes out after each run, or only where a gate is crossed. */
const when = z.enum(['always', 'gate']).default('always')

const mailSchema = z.strictObject({
  kind: z.literal('mail'),
  host: z.hostname(),
  port: z.int().min(1).max(65_535).default(587),
  /** `starttls` and `tls` send nothing where the server cannot encrypt. */
  security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
  user: z.string().min(1).max(320).optional(),
  /** `${NAME}`, a variable of the environment. */
  password: z.string().optional(),
  from: z.email(),
  to: z.array(z.email()).min(1).max(100),
  attach: z.enum(['html', 'pdf', 'none']).default('html'),
  when,
})
/** One recipient each, so that a refused one fails alone and the others get no second mail. */
export interface MailOutput extends Omit<z.infer<typeof mailSchema>, 'to'> {
  readonly to: string
}

const outputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('report'), format: z.enum(['html', 'pdf', 'xlsx', 'csv']), file: path }),
  z.strictObject({
    kind: z.literal('tickets'),
    format: z.enum(['servicenow', 'jira']),
    file: path,
    /** CSV with the tickets that there are, as the system exports it; their findings open no second one. */
    states: path.optional(),
  }),
  z.strictObject({ kind: z.literal('metrics'), file: path }),
  z.strictObject({
    kind: z.literal('webhook'),
    service: z.enum(['slack', 'teams']),
    /** `${NAME}` in its path or query stands for a variable of the environment. */
    url: z.string().max(4096),
    when,
  }),
  mailSchema,
])
type StatedOutput = z.infer<typeof outputSchema>
export type CycleOutput = Exclude<StatedOutput, { readonly kind: 'mail' }> | MailOutput

const planSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  /** Folder of the runs. */
  history: path,
  inputs: z.array(path).min(1),
  servers: path.optional(),
  events: path.optional(),
  projects: path.optional(),
  drivers: path.optional(),
  catalogue: path.optional(),
  method: analysisMethodSchema.default('headroom'),
  model: z.string().optional(),
  /** Settings of the analysis; the analysis checks them. */
  settings: nameRecord(z.unknown()).default({}),
  threads: z.int().min(1).max(64).optional(),
  memory_limit: z.string().optional(),
  gates: gatesSchema.default({}),
  /** Whether the inputs may be of other servers than the runs of the history. */
  accept_new_fleet: z.boolean().default(false),
  outputs: z.array(outputSchema).max(50).default([]),
  /** Runs to keep: the latest ones, and of each month before the last one. All where absent. */
  keep: z.strictObject({ latest: z.int().min(1), months: z.int().min(0).default(0) }).optional(),
})

export interface CyclePlan extends Omit<z.infer<typeof planSchema>, 'outputs'> {
  /** Absolute, as are all paths of files below. */
  readonly file: string
  readonly outputs: readonly CycleOutput[]
}

const urlPattern = /^https?:\/\/[^${}\s]+?\//

/** Paths are relative to the plan. Throws config-invalid. */
export const readCyclePlan = async (planPath: string): Promise<CyclePlan> => {
  const file = resolve(planPath)
  const stated = await readYamlFile(file, 'plan')
  const folder = dirname(file)
  const absolute = (given: string): string => resolve(folder, given)
  const optional = (given: string | undefined): string | undefined => (given === undefined ? undefined : absolute(given))
  const plan = parsePlan(stated)
  for (const output of plan.outputs) {
    if (output.kind === 'webhook') assertUrl(output.url)
    if (output.kind === 'mail') assertSignIn(output)
  }
  return {
    ...plan,
    file,
    history: absolute(plan.history),
    inputs: plan.inputs.map(absolute),
    servers: optional(plan.servers),
    events: optional(plan.events),
    projects: optional(plan.projects),
    drivers: optional(plan.drivers),
    catalogue: optional(plan.catalogue),
    outputs: plan.outputs.flatMap((output): readonly CycleOutput[] => {
      if (output.kind === 'mail') return output.to.map((to) => ({ ...output, to }))
      if (output.kind === 'tickets' && output.states !== undefined)
        return [{ ...output, file: absolute(output.file), states: absolute(output.states) }]
      return ['file' in output ? { ...output, file: absolute(output.file) } : output]
    }),
  }
}

const parsePlan = (stated: Readonly<Record<string, unknown>>): z.infer<typeof planSchema> => {
  try {
    return planSchema.parse(stated)
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause
    throw new HeadroomError('config-invalid', `The plan's ${describeValidationIssue(stated, cause)}.`, {
      next: 'Correct the value; the user guide shows a whole plan.',
      cause,
    })
  }
}

/** The host stands in the plan, so that the environment cannot send what was found elsewhere; only this machine is reached without TLS. */
const assertUrl = (url: string): void => {
  const isPlain = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url)
  const isAddress = urlPattern.test(url) && URL.canParse(url) && !url.includes('@')
  if (isAddress && (isPlain || url.startsWith('https://'))) return
  throw new HeadroomError('config-invalid', "The plan's webhook has no address that begins with https:// and a host.", {
    next: 'Write the host out, and a secret as ${NAME} behind it, a variable of the environment.',
  })
}

/** A password travels encrypted, and belongs to a user. */
const assertSignIn = ({ user, password, security }: z.infer<typeof mailSchema>): void => {
  if ((user === undefined) !== (password === undefined))
    throw new HeadroomError('config-invalid', "The plan's mail has a user without a password, or a password without a user.", {
      next: 'Name both, or neither for a server that asks for no sign-in.',
    })
  // Its value is not shown.
  if (password !== undefined && !/^\$\{\w+\}$/.test(password))
    throw new HeadroomError('config-invalid', "The plan's mail has its password written out.", {
      next: 'Write ${NAME}, a variable of the environment, in its place.',
    })
  if (user !== undefined && security === 'none')
    throw new HeadroomError('config-invalid', "The plan's mail would send its password without encryption.", {
      next: 'Use security starttls or tls, or leave out user and password.',
    })
}

/** A number for an output that stays while its part of the plan does. */
export const outputKey = (output: CycleOutput): string => createHash('sha256').update(JSON.stringify(output)).digest('hex').slice(0, 16)
