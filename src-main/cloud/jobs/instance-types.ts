// Instance types with their sizes and the images of a region, from the dated tables in resources/cloud.
import { ProcessingInstanceType } from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import imageTable from '../../../resources/cloud/images.json' with { type: 'json' }
import { processingLimits } from '../../../src-shared/cloud/cloud-settings.ts'
import { findNearestName } from '../../../src-shared/config/nearest-name.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import priceTable from '../../../resources/cloud/prices.json' with { type: 'json' }

export interface InstanceType {
  readonly type: string
  readonly vcpus: number
  readonly memoryGb: number
}

const instanceTypes: readonly InstanceType[] = priceTable.instances

export const findInstanceType = (type: string): InstanceType | undefined => instanceTypes.find((instance) => instance.type === type)

/** Memory per vCPU of the families whose types the price list lacks, by the first letter of the family. */
const memoryGbPerVcpu: Readonly<Record<string, number>> = { c: 2, m: 4, t: 4, r: 8 }
const smallestMemoryGbPerVcpu = 2

/** Processors and memory of a type: by the price list, else by its name, as in ml.m7i.2xlarge; of an unknown family at least so much. */
export const instanceShape = (type: string): Pick<InstanceType, 'vcpus' | 'memoryGb'> => {
  const known = findInstanceType(type)
  if (known !== undefined) return known
  const [, family = '', multiple, isExtra] = /^ml\.([a-z]+)[^.]*\.(\d*)(x?)large$/.exec(type) ?? []
  const vcpus = isExtra === 'x' ? 4 * Number(multiple === '' ? 1 : multiple) : 2
  return { vcpus, memoryGb: vcpus * (memoryGbPerVcpu[family] ?? smallestMemoryGbPerVcpu) }
}

/** Throws cloud-setup for a type that processing jobs do not have. */
export const assertProcessingType = (type: string): void => {
  const types: readonly string[] = Object.values(ProcessingInstanceType)
  if (types.includes(type)) return
  const nearest = findNearestName(type, types)
  throw new HeadroomError(
    'cloud-setup',
    `Processing jobs have no instance type ${type}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
    {
      next: 'Choose an instance type of SageMaker processing, such as ml.m5.xlarge.',
    },
  )
}

/** Smallest to largest: the instance types of the engine, chosen by the size of the forecasts. */
const instanceSizes = ['ml.m5.large', 'ml.m5.xlarge', 'ml.m5.2xlarge', 'ml.m5.4xlarge', 'ml.m5.12xlarge', 'ml.m5.24xlarge']

/** Memory of an analysis: a multiple of the compressed size, and a fixed part for DuckDB. */
const memoryPerByte = 8
const fixedMemoryGb = 3

const estimateMemoryGb = (inputBytes: number): number => fixedMemoryGb + (inputBytes * memoryPerByte) / 2 ** 30

/** The smallest type with enough memory for forecasts of so many compressed bytes. */
export const chooseInstanceType = (inputBytes: number): InstanceType => {
  const requiredGb = estimateMemoryGb(inputBytes)
  const smallest = instanceSizes.find((type) => findInstanceType(type)!.memoryGb >= requiredGb)
  return findInstanceType(smallest ?? instanceSizes.at(-1)!)!
}

/** The next larger type by memory. */
export const findLargerInstanceType = (type: string): InstanceType | undefined => {
  const memory = findInstanceType(type)?.memoryGb ?? 0
  const next = instanceSizes.find((candidate) => findInstanceType(candidate)!.memoryGb > memory)
  return next === undefined ? undefined : findInstanceType(next)
}

/** Default of a Spark job: its 16 vCPUs hold three executors of five cores. */
export const defaultSparkInstanceType = 'ml.m5.4xlarge'

/** Compressed bytes that one instance computes and writes as shards in about an hour (decision 15). */
const bytesPerInstance = 13e9
const minInstances = 2

/** Instances of a Spark cluster for forecasts of so many compressed bytes; undefined if one instance is enough. */
export const suggestSparkInstances = (inputBytes: number): number | undefined =>
  estimateMemoryGb(inputBytes) <= findInstanceType(instanceSizes.at(-1)!)!.memoryGb
    ? undefined
    : Math.min(processingLimits.instances, Math.max(minInstances, Math.ceil(inputBytes / bytesPerInstance)))

export interface InputSize {
  readonly bytes: number
  /** Without compression, estimated from some files. */
  readonly unpackedBytes: number
}

/** Volume of a job, GB, and at least `minVolumeGb`: the forecasts, their flagged copy with half of it to spare, and what the engine spills unpacked. */
export const requiredVolumeGb = ({ bytes, unpackedBytes }: InputSize, minVolumeGb: number): number =>
  Math.min(processingLimits.volumeGb, Math.max(minVolumeGb, 10 + Math.ceil((2.5 * bytes + unpackedBytes) / 1e9)))

const imageTableSchema = z.object({
  scikitLearn: z.object({ repository: z.string(), tag: z.string() }),
  sparkProcessing: z.object({ repository: z.string(), tag: z.string() }),
  regions: z.record(
    z.string(),
    z.object({ scikitLearn: z.string().optional(), sparkProcessing: z.string().optional(), domain: z.string() }),
  ),
})
const images = imageTableSchema.parse(imageTable)

/** `scikit-learn` runs the engine and Python modules, `Spark` the first of two jobs. */
export type ImageKind = 'scikit-learn' | 'Spark'
const imageKeys = { 'scikit-learn': 'scikitLearn', Spark: 'sparkProcessing' } as const

/** Undefined if AWS publishes no such image in the region. */
export const findImage = (kind: ImageKind, region: string): string | undefined => {
  const key = imageKeys[kind]
  const entry = images.regions[region]
  const account = entry?.[key]
  if (entry === undefined || account === undefined) return undefined
  return `${account}.dkr.ecr.${region}.${entry.domain}/${images[key].repository}:${images[key].tag}`
}

/** Throws cloud-setup if AWS publishes no such image in the region. */
export const requireImage = (kind: ImageKind, region: string): string => {
  const image = findImage(kind, region)
  if (image !== undefined) return image
  throw new HeadroomError('cloud-setup', `AWS publishes no ${kind} image in ${region}.`, {
    next: kind === 'Spark' ? 'Launch in another region.' : 'Choose an image with bash and glibc 2.28 or later.',
  })
}
