// The cloud part of the Python pipeline's config.yaml: profile, region, bucket, role, image, machine and the forecasts' place.
import { z } from 'zod'
import type { CloudSettings } from '../../src-shared/cloud-settings.ts'

const module05 = z.looseObject({ image_uri: z.string().optional(), instance_type: z.string().optional() })

const schema = z.looseObject({
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
      modules: z.looseObject({ '05': module05.optional() }).optional(),
    })
    .optional(),
  paths: z.looseObject({ forecasts_dir: z.string().optional() }).optional(),
})

export interface PipelineCloud {
  readonly profile: string | undefined
  readonly region: string | undefined
  readonly settings: Partial<CloudSettings>
  /** s3:// address of the forecasts. */
  readonly input: string | undefined
}

/** What the config states; the module's own keys win over the common ones. */
export const importPipelineCloud = (config: unknown): PipelineCloud => {
  const { aws, sagemaker, paths } = schema.parse(config ?? {})
  const own = sagemaker?.modules?.['05']
  const found = {
    bucket: aws?.bucket_name,
    roleArn: aws?.sagemaker_role_arn,
    instanceType: own?.instance_type ?? sagemaker?.instance_type,
    imageUri: own?.image_uri ?? sagemaker?.image_uri,
  }
  const folder = paths?.forecasts_dir
  return {
    profile: aws?.profile,
    region: aws?.region,
    settings: Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
    input: folder === undefined ? undefined : inBucket(folder, aws?.bucket_name),
  }
}

const inBucket = (folder: string, bucket: string | undefined): string | undefined => {
  if (folder.startsWith('s3://')) return folder
  return bucket === undefined ? undefined : `s3://${bucket}/${folder.replace(/^\/+|\/+$/g, '')}/`
}
