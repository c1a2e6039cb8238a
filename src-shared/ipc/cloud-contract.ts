// The cloud channels of the window, and what is pushed to it. The only credential that crosses them is a one-time code.
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

/** The launch form; "" for an empty field. Validated as a whole when it is used. */
export const launchFormSchema = z.strictObject({
  /** Null: the environment or the default profile. */
  profile: z.string().nullable(),
  region: z.string().nullable(),
  /** s3:// prefix, or a local file or folder. */
  input: z.string(),
  bucket: z.string(),
  /** "": the caller's account. */
  bucketOwner: z.string(),
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
  /** Local file; "": the companion file of local forecasts. */
  serversTable: z.string(),
  /** Local CSV of one-off events; "": the companion file of local forecasts. */
  eventsTable: z.string(),
  /** Local CSV of capacity projects, of business drivers, of instance sizes; "": the companion files of local forecasts. */
  projectsTable: z.string(),
  driversTable: z.string(),
  catalogue: z.string(),
  program: z.enum(['engine', 'python-module']),
  /** Single instance, or a Spark cluster of `instances`. */
  engine: z.enum(engineKinds),
  instances: z.int().min(1).max(processingLimits.instances),
  /** Local folder with `src` and `config` of the user's own Python module. */
  projectFolder: z.string(),
  /** Script inside it. */
  moduleScript: z.string(),
  maxRuntimeMinutes: z.number().positive(),
  /** Null: no limit, also for an instance type without a known price. */
  costCeilingUsd: z.number().positive().nullable(),
})
export type LaunchForm = z.infer<typeof launchFormSchema>

export const emptyLaunchForm: LaunchForm = {
  profile: null,
  region: null,
  input: '',
  bucket: '',
  bucketOwner: '',
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
  projectsTable: '',
  driversTable: '',
  catalogue: '',
  program: 'engine',
  engine: 'single',
  instances: defaultInstances,
  projectFolder: '',
  moduleScript: '',
  maxRuntimeMinutes: 60,
  costCeilingUsd: 10,
}

/** Local paths to choose: a forecast file, a table, the folder of a Python project. */
export const localKinds = ['forecasts', 'table', 'project'] as const
export type LocalKind = (typeof localKinds)[number]

/** A cloud run as the window shows it. */
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
  /** Of the jobs that have ended. */
  costUsd: z.number().nullable(),
  /** The current activity in a few words; "" for none. */
  activity: z.string(),
  /** Progress of the activity, 0..1; null if unknown. */
  progress: z.number().nullable(),
  /** Peak memory that the engine reported so far. */
  peakMemoryBytes: z.number().nullable(),
  /** Utilisation of its instance; null without CloudWatch metrics. */
  load: jobLoadSchema.nullable(),
  /** Why it failed, or what delays it. */
  error: wireErrorSchema.nullable(),
  /** Whether it is being launched, followed or downloaded. */
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

export const ssoAccountRoleSchema = z.object({
  accountId: z.string(),
  accountName: z.string(),
  roleName: z.string(),
  /** Name under which a connection uses the role. */
  profile: z.string(),
})
export type SsoAccountRole = z.infer<typeof ssoAccountRoleSchema>

const connection = z.strictObject({ profile: z.string().nullable(), region: z.string().nullable(), allowsProcess: z.boolean().optional() })

export const cloudChannels = {
  'cloud.start': {
    request: emptyObject,
    response: z.object({ profiles: z.array(z.string()), form: launchFormSchema, runs: z.array(cloudRunViewSchema) }),
  },
  /** Verifies the credentials of the profile. */
  'cloud.connect': { request: connection, response: callerSchema },
  /** Signs in through the browser. */
  'cloud.sign-in': { request: z.strictObject({ profile: z.string().min(1) }), response: emptyObject },
  /** Accounts and roles of the profile's sign-in; `profile` names one for a connection. */
  'cloud.accounts': {
    request: z.strictObject({ profile: z.string().min(1) }),
    response: z.object({ roles: z.array(ssoAccountRoleSchema) }),
  },
  /** The code that `cloud.code-requested` asked for; null: cancelled. */
  'cloud.submit-code': { request: z.strictObject({ code: z.string().max(20).nullable() }), response: emptyObject },
  'cloud.save-form': { request: launchFormSchema, response: emptyObject },
  /** Lets the user choose a config.yaml and fills the form from it. */
  'cloud.import-config': { request: launchFormSchema, response: launchFormSchema },
  /** System dialog for a local path; null when dismissed. */
  'cloud.choose-path': { request: z.strictObject({ kind: z.enum(localKinds) }), response: z.object({ path: z.string().nullable() }) },
  /** Buckets, or folders and files below a prefix. */
  'cloud.browse': {
    request: z.strictObject({ connection, bucket: z.string(), prefix: z.string() }),
    response: z.object({ names: z.array(z.string()), files: z.int() }),
  },
  /** ARNs of the roles that SageMaker may assume; `note`: why there are none, where they may not be listed. */
  'cloud.roles': { request: connection, response: z.object({ roles: z.array(z.string()), note: z.string().nullable() }) },
  /** Reads AWS's price list of the region. */
  'cloud.update-prices': { request: connection, response: z.object({ region: z.string(), asOf: z.string(), types: z.int() }) },
  'cloud.preflight': { request: launchFormSchema, response: preflightSchema },
  /** Responds at once; progress is pushed as `cloud.run`. */
  'cloud.launch': { request: launchFormSchema, response: z.object({ runId }) },
  'cloud.log': { request: z.strictObject({ runId }), response: z.object({ lines: z.array(logLineSchema) }) },
  'cloud.stop': { request: z.strictObject({ runId }), response: emptyObject },
  /** Resumes a cloud run that was interrupted or failed. */
  'cloud.resume': { request: z.strictObject({ runId }), response: emptyObject },
  /** The job's page in the AWS console. */
  'cloud.open-console': { request: z.strictObject({ runId }), response: emptyObject },
  /** Downloads the run of an s3:// prefix or job, and opens it. Progress is pushed as `cloud.downloading`. */
  'cloud.download': {
    request: z.strictObject({ connection, from: z.string().min(1).max(1024) }),
    response: z.object({ folder: z.string(), verified: z.boolean(), refused: z.int() }),
  },
  'cloud.jobs': { request: connection, response: z.object({ jobs: z.array(listedJobSchema), note: z.string().nullable() }) },
} as const

export const cloudPushes = [
  z.object({ type: z.literal('cloud.run'), run: cloudRunViewSchema }),
  z.object({ type: z.literal('cloud.lines'), runId, lines: z.array(logLineSchema) }),
  /** Progress of `cloud.download`. */
  z.object({ type: z.literal('cloud.downloading'), bytes: z.number(), total: z.number() }),
  /** A host of AWS that does not answer. */
  z.object({ type: z.literal('cloud.silent'), host: z.string() }),
  z.object({ type: z.literal('cloud.code-requested'), device: z.string() }),
  /** The user enters this code on that page. */
  z.object({ type: z.literal('cloud.sign-in-code'), page: z.string(), code: z.string() }),
] as const
