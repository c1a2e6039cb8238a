// Cloud settings in a configuration file: keys of the pipeline's config.yaml, and Headroom's `cloud` section.
import { z, ZodError } from 'zod'
import { cloudSettingsSchema, type CloudSettings } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { isPipelineConfig } from '../../../src-shared/config/pipeline-config.ts'

const moduleSchema = z.looseObject({ image_uri: z.string().optional(), instance_type: z.string().optional() })

const pipelineSchema = z.looseObject({
  aws: z
    .looseObject({
      region: z.string().optional(),
      profile: z.string().optional(),
      bucket_name: z.string().optional(),
      sagemaker_role_arn: z.string().optional(),
    })
    .optional(),
  sagemaker: z
    .looseObject({
      instance_type: z.string().optional(),
      image_uri: z.string().optional(),
      modules: z.looseObject({ '05': moduleSchema.optional() }).optional(),
    })
    .optional(),
  paths: z.looseObject({ forecasts_dir: z.string().optional() }).optional(),
})

const cloudSectionSchema = z.strictObject(cloudSettingsSchema.shape).partial().nullish()

export interface CloudConfig {
  readonly profile: string | undefined
  readonly region: string | undefined
  /** Only what the file states. */
  readonly settings: Partial<CloudSettings>
  /** s3:// address of the forecasts. */
  readonly input: string | undefined
}

/** The `cloud` section wins over the pipeline's keys. `name` is the file's, for the error. Throws config-invalid. */
export const readCloudConfig = (config: Readonly<Record<string, unknown>>, name: string): CloudConfig => {
  const { cloud, ...rest } = config
  try {
    const pipeline = isPipelineConfig(rest) ? readPipeline(rest) : emptyConfig
    return { ...pipeline, settings: { ...pipeline.settings, ...readCloudSection(cloud) } }
  } catch (thrown) {
    if (!(thrown instanceof ZodError)) throw thrown
    const [issue] = thrown.issues
    throw new HeadroomError('config-invalid', `${issue!.path.join('.')} in ${name} is invalid: ${issue!.message}.`.replace('..', '.'), {
      next: 'Correct it, or set the option.',
      cause: thrown,
    })
  }
}

/** Without the defaults of what is not stated. */
const readCloudSection = (cloud: unknown): Partial<CloudSettings> => {
  const { cloud: parsed } = z.object({ cloud: cloudSectionSchema }).parse({ cloud })
  return Object.fromEntries(Object.entries(parsed ?? {}).filter(([key]) => Object.hasOwn(cloud as object, key)))
}

const emptyConfig: CloudConfig = { profile: undefined, region: undefined, settings: {}, input: undefined }

/** Keys of the module override the common ones. */
const readPipeline = (config: unknown): CloudConfig => {
  const { aws, sagemaker, paths } = pipelineSchema.parse(config)
  const moduleSettings = sagemaker?.modules?.['05']
  const stated = {
    bucket: aws?.bucket_name,
    roleArn: aws?.sagemaker_role_arn,
    instanceType: moduleSettings?.instance_type ?? sagemaker?.instance_type,
    imageUri: moduleSettings?.image_uri ?? sagemaker?.image_uri,
  }
  const folder = paths?.forecasts_dir
  return {
    profile: aws?.profile,
    region: aws?.region,
    settings: Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined)),
    input: folder === undefined ? undefined : toS3Uri(folder, aws?.bucket_name),
  }
}

const toS3Uri = (folder: string, bucket: string | undefined): string | undefined => {
  if (folder.startsWith('s3://')) return folder
  return bucket === undefined ? undefined : `s3://${bucket}/${folder.replace(/^\/+|\/+$/g, '')}/`
}
