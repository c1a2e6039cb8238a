// A cloud run: caller, job state, launch record, events and preflight.
import { z } from 'zod'
import { errorCodeSchema, wireErrorSchema } from '../run/errors.ts'
import { launchRequestSchema } from './cloud-settings.ts'
import { runEventSchema } from '../run/run-event.ts'

export const callerSchema = z.object({ account: z.string(), arn: z.string(), region: z.string(), endpoint: z.string().nullable() })
/** Whose credentials are used, and where. */
export type CloudCaller = z.infer<typeof callerSchema>

export const jobStatuses = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'] as const
export const jobStatusSchema = z.enum(jobStatuses)
export type JobStatus = z.infer<typeof jobStatusSchema>

export const jobStateSchema = z.object({
  name: z.string(),
  arn: z.string(),
  status: jobStatusSchema,
  /** ISO 8601 UTC. */
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Of several that were named, the selected one; null before. */
  instanceType: z.string().nullable(),
  instances: z.int().nullable().default(null),
  volumeGb: z.int().nullable().default(null),
  /** What SageMaker and the container say of a failure. */
  failureReason: z.string().nullable(),
  exitMessage: z.string().nullable(),
  /** Where it writes, "" where unknown. */
  outputUri: z.string(),
  /** Page of the job in the AWS console. */
  consoleUrl: z.string(),
})
export type JobState = z.infer<typeof jobStateSchema>

export const hasEnded = (status: JobStatus): boolean => status === 'Completed' || status === 'Failed' || status === 'Stopped'

export const logLineSchema = z.object({ host: z.string(), at: z.string(), text: z.string() })
export type LogLine = z.infer<typeof logLineSchema>

const utilizationSchema = z.object({ last: z.number(), most: z.number() }).nullable()
/** Per cent, of the last minute and of the busiest one; null where not measured. `cpu` counts 100 for each core. */
export const jobLoadSchema = z.object({ cpu: utilizationSchema, memory: utilizationSchema, disk: utilizationSchema })
export type JobLoad = z.infer<typeof jobLoadSchema>

export const cloudRunStages = ['planned', 'submitting', 'submitted', 'ended', 'home'] as const

/** Which job of a run: the only one, or one of the two on a Spark cluster. */
export const cloudRunParts = ['whole', 'spark', 'finish'] as const
export type CloudRunPart = (typeof cloudRunParts)[number]

/** The launch record of a cloud run: everything needed to resume it, and no secret. Older versions read it, so its keys stay. */
export const cloudRunSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  jobName: z.string(),
  stage: z.enum(cloudRunStages),
  /** The job that `jobName`, `stage` and `job` are about. */
  part: z.enum(cloudRunParts).default('whole'),
  /** Number of this attempt at the part; 1 for the first. */
  attempt: z.int().min(1).default(1),
  createdAt: z.string(),
  profile: z.string().nullable(),
  caller: callerSchema,
  request: launchRequestSchema,
  instanceType: z.string(),
  outputUri: z.string(),
  /** Multipart uploads that this launch started and has not completed, by key. */
  multipartUploads: z.record(z.string(), z.string()).default({}),
  /** Estimated USD for the whole max runtime. */
  mostUsd: z.number().nullable(),
  /** Last known state; null until SageMaker has confirmed the job. */
  job: jobStateSchema.nullable(),
  /** Why the run is incomplete, if it is. */
  incomplete: z.string().nullable().default(null),
  /** USD of its jobs that have ended, by name, where their prices are known. */
  costs: z.record(z.string(), z.number()).default({}),
  /** Local run folder after the download. */
  folder: z.string().nullable(),
})
export type CloudRun = z.infer<typeof cloudRunSchema>

export const checkStates = ['ok', 'warning', 'failed'] as const
export const preflightCheckSchema = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(checkStates),
  /** What kind of failure it is; absent for one that only the check knows. */
  code: errorCodeSchema.optional(),
  /** One sentence: what was found. */
  detail: z.string(),
  /** How to fix it. */
  next: z.string().optional(),
})
export type PreflightCheck = z.infer<typeof preflightCheckSchema>

export const cloudEventSchema = z.discriminatedUnion('type', [
  /** A check before the launch. */
  z.object({ type: z.literal('check'), check: preflightCheckSchema }),
  z.object({ type: z.literal('planned'), run_id: z.string(), job: z.string(), instance_type: z.string(), most_usd: z.number().nullable() }),
  /** Bytes of all files together; `skipped` are there already. */
  z.object({ type: z.literal('upload'), file: z.string(), bytes: z.number(), total: z.number(), skipped: z.number() }),
  z.object({ type: z.literal('submitted'), part: z.enum(cloudRunParts), job: z.string(), arn: z.string(), console_url: z.string() }),
  z.object({ type: z.literal('status'), job: jobStateSchema }),
  z.object({ type: z.literal('log'), line: logLineSchema }),
  z.object({ type: z.literal('metrics'), load: jobLoadSchema }),
  /** An event of the engine. */
  z.object({ type: z.literal('engine'), event: runEventSchema }),
  /** Following the job is delayed, and resumes by itself. */
  z.object({ type: z.literal('waiting'), error: wireErrorSchema }),
  z.object({ type: z.literal('download'), file: z.string(), bytes: z.number(), total: z.number() }),
  /** Of the run's jobs that have ended, and the estimate before the launch. */
  z.object({ type: z.literal('cost'), usd: z.number(), most_usd: z.number().nullable() }),
  z.object({ type: z.literal('home'), folder: z.string(), verified: z.boolean() }),
])
export type CloudEvent = z.infer<typeof cloudEventSchema>

/** USD of the jobs of a run so far; null where none is known. */
export const costOfRun = ({ costs }: Pick<CloudRun, 'costs'>): number | null =>
  Object.keys(costs).length === 0 ? null : Object.values(costs).reduce((sum, usd) => sum + usd, 0)

/** What a check found, without its name. */
export type Finding = Omit<PreflightCheck, 'id' | 'title'>

export const preflightSchema = z.object({
  caller: callerSchema.nullable(),
  checks: z.array(preflightCheckSchema),
  /** Whether nothing failed. */
  passed: z.boolean(),
  instanceType: z.string().nullable(),
  mostUsd: z.number().nullable(),
  /** Suggested size of a Spark cluster, if one instance may be too small. */
  suggestedInstances: z.int().nullable(),
})
export type Preflight = z.infer<typeof preflightSchema>
