// What the window asks of the cloud through the main process, and what is pushed to it. No credential crosses it but a one-time code.
import { z } from 'zod'
import { cloudSettingsSchema, engineKinds, processingLimits, defaultInstances } from '../cloud/cloud-settings.ts'
import {
  callerSchema,
  jobLoadSchema,
  jobStatusSchema,
  logLineSchema,
  preflightSchema,
  cloudRunParts,
  cloudRunStages,
} from '../cloud/cloud-job.ts'
import { wireErrorSchema } from '../run/errors.ts'

const emptyObject = z.strictObject({})
const settings = cloudSettingsSchema.shape
const runId = z.string().regex(/^[a-z0-9]{8,32}$/)

/** What the user has filled in so far; "" where nothing. Checked as a whole when it is used. */
export const launchFormSchema = z.strictObject({
  /** Null: the environment or the default profile. */
  profile: z.string().nullable(),
  region: z.string().nullable(),
  /** s3:// prefix, or a local file or folder. */
  input: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  roleArn: z.string(),
  /** "": by the input's size. */
  instanceType: z.string(),
  imageUri: z.string(),
  kmsKeyId: z.string().max(2048),
  subnets: settings.subnets.unwrap(),
  securityGroupIds: settings.securityGroupIds.unwrap(),
  tags: settings.tags.unwrap(),
  volumeGb: settings.volumeGb.unwrap(),
  networkIsolation: z.boolean(),
  /** Pipeline's config.yaml with the analysis settings; "": the defaults. */
  configFile: z.string(),
  /** Local file; "": the one beside local forecasts. */
  serversTable: z.string(),
  /** Local CSV of one-off events; "": the one beside local forecasts. */
  eventsTable: z.string(),
  program: z.enum(['engine', 'python-module']),
  /** Where the engine's rows are computed: on one machine, or by Spark on so many. */
  engine: z.enum(engineKinds),
  instances: z.int().min(1).max(processingLimits.instances),
  /** Local folder with `src` and `config` of the user's own Python module. */
  projectFolder: z.string(),
  /** Script inside it. */
  moduleScript: z.string(),
  maxRuntimeMinutes: z.number().positive(),
  costCeilingUsd: z.number().positive(),
})
export type LaunchForm = z.infer<typeof launchFormSchema>

export const emptyLaunchForm: LaunchForm = {
  profile: null,
  region: null,
  input: '',
  bucket: '',
  prefix: 'headroom',
  roleArn: '',
  instanceType: '',
  imageUri: '',
  kmsKeyId: '',
  subnets: [],
  securityGroupIds: [],
  tags: {},
  volumeGb: 30,
  networkIsolation: true,
  configFile: '',
  serversTable: '',
  eventsTable: '',
  program: 'engine',
  engine: 'single',
  instances: defaultInstances,
  projectFolder: '',
  moduleScript: '',
  maxRuntimeMinutes: 60,
  costCeilingUsd: 10,
}

/** What is chosen from this machine: a forecast file, a table, the folder of a Python project. */
export const localKinds = ['forecasts', 'table', 'project'] as const
export type LocalKind = (typeof localKinds)[number]

/** A trip as the window shows it. */
export const cloudRunViewSchema = z.object({
  runId,
  jobName: z.string(),
  stage: z.enum(cloudRunStages),
  /** Which of its jobs this is about. */
  part: z.enum(cloudRunParts),
  status: jobStatusSchema.nullable(),
  /** ISO 8601 UTC. */
  createdAt: z.string(),
  submittedAt: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  region: z.string(),
  account: z.string(),
  instanceType: z.string(),
  maxUsd: z.number().nullable(),
  /** What is going on, one sentence; "" when nothing is. */
  activity: z.string(),
  /** Share done of what is going on, 0..1; null where unknown. */
  progress: z.number().nullable(),
  /** Greatest memory that the engine has reported so far. */
  peakMemoryBytes: z.number().nullable(),
  /** How busy its machine is; null where CloudWatch does not say. */
  load: jobLoadSchema.nullable(),
  /** Why it ended badly, or what holds it up. */
  error: wireErrorSchema.nullable(),
  /** Whether it goes on by itself. */
  isLive: z.boolean(),
  folder: z.string().nullable(),
})
export type CloudRunView = z.infer<typeof cloudRunViewSchema>

export const listedJobSchema = z.object({
  name: z.string(),
  status: z.union([jobStatusSchema, z.literal('not submitted')]),
  createdAt: z.string(),
  runId: z.string().nullable(),
  folder: z.string().nullable(),
})
export type ListedJob = z.infer<typeof listedJobSchema>

const connection = z.strictObject({ profile: z.string().nullable(), region: z.string().nullable(), allowsProcess: z.boolean().optional() })

export const cloudChannels = {
  'cloud.start': {
    request: emptyObject,
    response: z.object({ profiles: z.array(z.string()), form: launchFormSchema, runs: z.array(cloudRunViewSchema) }),
  },
  /** Who the profile is; asks AWS. */
  'cloud.connect': { request: connection, response: callerSchema },
  /** Signs in through the browser. */
  'cloud.sign-in': { request: z.strictObject({ profile: z.string().min(1) }), response: emptyObject },
  /** The code that `cloud.code-requested` wants; null: not given. */
  'cloud.submit-code': { request: z.strictObject({ code: z.string().max(20).nullable() }), response: emptyObject },
  'cloud.save-form': { request: launchFormSchema, response: emptyObject },
  /** The draft with what a pipeline's config.yaml states; asks for the file. */
  'cloud.import-config': { request: launchFormSchema, response: launchFormSchema },
  /** System dialog for what lies on this machine; null when dismissed. */
  'cloud.choose-path': { request: z.strictObject({ kind: z.enum(localKinds) }), response: z.object({ path: z.string().nullable() }) },
  /** Buckets, or folders and files below a prefix. */
  'cloud.browse': {
    request: z.strictObject({ connection, bucket: z.string(), prefix: z.string() }),
    response: z.object({ names: z.array(z.string()), files: z.int() }),
  },
  /** ARNs of the roles that SageMaker may assume; `note`: why there are none, where they may not be listed. */
  'cloud.roles': { request: connection, response: z.object({ roles: z.array(z.string()), note: z.string().nullable() }) },
  'cloud.preflight': { request: launchFormSchema, response: preflightSchema },
  /** Answers at once; how it goes is pushed as `cloud.run`. */
  'cloud.launch': { request: launchFormSchema, response: z.object({ runId }) },
  'cloud.log': { request: z.strictObject({ runId }), response: z.object({ lines: z.array(logLineSchema) }) },
  'cloud.stop': { request: z.strictObject({ runId }), response: emptyObject },
  /** Goes on with a trip that waits or failed on its way. */
  'cloud.resume': { request: z.strictObject({ runId }), response: emptyObject },
  /** The job's page in the AWS console. */
  'cloud.open-console': { request: z.strictObject({ runId }), response: emptyObject },
  /** Brings home what an s3:// prefix holds, or what a job of the account has written; opens it. Progress is pushed as `cloud.downloading`. */
  'cloud.download': {
    request: z.strictObject({ connection, from: z.string().min(1).max(1024) }),
    response: z.object({ folder: z.string(), verified: z.boolean(), refused: z.int() }),
  },
  'cloud.jobs': { request: connection, response: z.object({ jobs: z.array(listedJobSchema), note: z.string().nullable() }) },
} as const

export const cloudPushes = [
  z.object({ type: z.literal('cloud.run'), run: cloudRunViewSchema }),
  z.object({ type: z.literal('cloud.lines'), runId, lines: z.array(logLineSchema) }),
  /** Bytes of an earlier run that have come. */
  z.object({ type: z.literal('cloud.downloading'), bytes: z.number(), total: z.number() }),
  z.object({ type: z.literal('cloud.code-requested'), device: z.string() }),
  /** The user is to confirm this code on that page. */
  z.object({ type: z.literal('cloud.sign-in-code'), page: z.string(), code: z.string() }),
] as const
