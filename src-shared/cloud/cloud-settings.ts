// A launch request: bucket, role, instance type, limits, and the analysis to run.
import { z } from 'zod'
import { capacityTablesSchema } from '../run/capacity-tables.ts'
import { maxShards } from '../run/shard-steps.ts'
import { analysisMethodSchema } from '../config/analysis-config.ts'

/** SageMaker's limits of a processing job, as its API states them. */
export const processingLimits = {
  inputs: 10,
  outputs: 10,
  jobName: 63,
  arguments: 100,
  argumentLength: 256,
  variables: 100,
  variableLength: 256,
  localPath: 256,
  s3Uri: 1024,
  imageUri: 255,
  instances: 100,
  instancePreferences: 5,
  volumeGb: 16_384,
  maxRuntimeSeconds: 432_000,
  tags: 50,
  securityGroups: 5,
  subnets: 16,
} as const

/** In the order of preference. */
export const splitInstanceTypes = (text: string): string[] => text.split(',')

const bucketName = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]'
const accessPointArn = 'arn:aws[a-z-]*:s3:[a-z0-9-]+:[0-9]{12}:accesspoint/[a-z0-9-]{3,50}'

const keyPrefix = z.string().regex(/^[\w!.*'()-]+(\/[\w!.*'()-]+)*$/, 'A prefix is a path of plain names.')

export const cloudSettingsSchema = z.strictObject({
  /** Name, or the alias or ARN of an access point. */
  bucket: z
    .string()
    .regex(
      new RegExp(`^(${bucketName}|${accessPointArn})$`),
      'A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens; the ARN of an access point is accepted, too.',
    ),
  /** Account that owns the bucket; absent: the caller's. Requests to a bucket of another owner are refused. */
  bucketOwner: z
    .string()
    .regex(/^\d{12}$/, 'An account ID has 12 digits.')
    .optional(),
  /** Folder in the bucket for engine, inputs and runs; without slash at its ends. */
  prefix: keyPrefix.default('headroom'),
  roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'A role is named by its ARN: arn:aws:iam::ACCOUNT:role/NAME.'),
  /** Absent: chosen by the input's size. Several with commas: the first with capacity. */
  instanceType: z
    .string()
    .regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+(,ml\.[a-z0-9-]+\.[a-z0-9]+)*$/, 'An instance type looks like ml.m5.xlarge.')
    .refine((text) => {
      const types = splitInstanceTypes(text)
      return types.length <= processingLimits.instancePreferences && new Set(types).size === types.length
    }, `Up to ${processingLimits.instancePreferences} different instance types can be named.`)
    .optional(),
  /** Absent: the region's scikit-learn image. */
  imageUri: z.string().max(processingLimits.imageUri).optional(),
  volumeGb: z.int().min(1).max(processingLimits.volumeGb).default(30),
  maxRuntimeSeconds: z.int().min(60).max(processingLimits.maxRuntimeSeconds).default(3600),
  /** Cost limit: a launch with a higher estimate, or with an unknown price, is refused. Null: no limit. */
  costCeilingUsd: z.number().positive().nullable().default(10),
  /** Encrypts volume, uploads and outputs. */
  kmsKeyId: z.string().min(1).max(2048).optional(),
  subnets: z.array(z.string().min(1).max(32)).max(processingLimits.subnets).default([]),
  securityGroupIds: z.array(z.string().min(1).max(32)).max(processingLimits.securityGroups).default([]),
  /** The engine needs no network; a Python module may. */
  networkIsolation: z.boolean().default(true),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
})
export type CloudSettings = z.infer<typeof cloudSettingsSchema>

const s3Uri = z
  .string()
  .max(processingLimits.s3Uri)
  .regex(new RegExp(`^s3://(${bucketName}|${accessPointArn})(/.*)?$`))

/** Compute: a single instance, or a Spark cluster. */
export const engineKinds = ['single', 'spark'] as const
export type EngineKind = (typeof engineKinds)[number]
/** Default size of a Spark cluster. */
export const defaultInstances = 4

/** PYTHONPATH names the project. */
export const isModuleVariable = (name: string): boolean => /^[A-Za-z]\w{0,255}$/.test(name) && name !== 'PYTHONPATH'

export const cloudTaskSchema = z.discriminatedUnion('kind', [
  /** Headroom's own engine. */
  z.strictObject({
    kind: z.literal('engine'),
    method: analysisMethodSchema,
    /** Analysis settings as the user set them; checked by the engine. */
    config: z.record(z.string(), z.unknown()),
    model: z.string().min(1).optional(),
    /** Local CSV or Parquet file. */
    serversTable: z.string().min(1).optional(),
    /** Local CSV file of one-off events. */
    eventsTable: z.string().min(1).optional(),
    /** Local CSV files; only for a single instance. */
    capacityTables: capacityTablesSchema.optional(),
    /** Spark prepares the rows on so many instances, then the engine completes the run. */
    spark: z
      .strictObject({
        instances: z.int().min(1).max(processingLimits.instances),
        /** Processes of the engine's job; one by default. */
        shards: z.int().min(1).max(maxShards).optional(),
        /** Local folder with the plan for this set. */
        planFolder: z.string().min(1),
      })
      .optional(),
  }),
  /** The user's own Python module, as their pipeline runs it. */
  z.strictObject({
    kind: z.literal('python-module'),
    /** Local folder that holds `src` and `config`. */
    projectFolder: z.string().min(1),
    /** Script inside it, for instance src/05_risk_analysis.py. */
    script: z.string().min(1),
    /** Follow those of the pipeline. */
    arguments: z.array(z.string().min(1).max(256)).max(90).optional(),
    environment: z
      .record(z.string(), z.string().max(256))
      .refine((variables) => Object.keys(variables).every(isModuleVariable))
      .optional(),
    /** Folder of the bucket for the outputs of all runs; absent: risk_analysis. */
    outputPrefix: keyPrefix.optional(),
    /** Local folder of wheels, which are installed without a network. */
    wheelsFolder: z.string().min(1).optional(),
  }),
])

export const launchRequestSchema = z.strictObject({
  runId: z.string().regex(/^[a-z0-9]{8,32}$/),
  settings: cloudSettingsSchema,
  /** One S3 address of a folder or file, or local files and folders. */
  input: z.union([s3Uri, z.array(z.string().min(1)).min(1)]),
  task: cloudTaskSchema,
})
export type LaunchRequest = z.infer<typeof launchRequestSchema>
