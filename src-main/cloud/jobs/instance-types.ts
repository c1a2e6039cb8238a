// Which machine a job runs on, what it costs at most, and which image its region has: from the dated tables in resources/cloud.
import { z } from 'zod'
import imageTable from '../../../resources/cloud/images.json' with { type: 'json' }
import { processingLimits } from '../../../src-shared/cloud/cloud-settings.ts'
import priceTable from '../../../resources/cloud/prices.json' with { type: 'json' }

export interface InstanceType {
  readonly type: string
  readonly vcpus: number
  readonly memoryGb: number
  readonly usdPerHour: number
}

const instanceTypes: readonly InstanceType[] = priceTable.instances
/** When the price list was taken down, ISO date. */
export const pricesAsOf: string = priceTable.asOf

export const findInstanceType = (type: string): InstanceType | undefined => instanceTypes.find((instance) => instance.type === type)

/** Least to greatest: what the engine is offered, by the size of the forecast set. */
const instanceSizes = ['ml.m5.large', 'ml.m5.xlarge', 'ml.m5.2xlarge', 'ml.m5.4xlarge', 'ml.m5.12xlarge', 'ml.m5.24xlarge']

/** Memory that a set takes beside DuckDB's fixed needs: so many times its compressed size. */
const memoryPerByte = 8
const fixedMemoryGb = 3

const estimateMemoryGb = (inputBytes: number): number => fixedMemoryGb + (inputBytes * memoryPerByte) / 2 ** 30

/** The smallest type that holds a forecast set of so many bytes (compressed) comfortably. */
export const chooseInstanceType = (inputBytes: number): InstanceType => {
  const requiredGb = estimateMemoryGb(inputBytes)
  const smallest = instanceSizes.find((type) => findInstanceType(type)!.memoryGb >= requiredGb)
  return findInstanceType(smallest ?? instanceSizes.at(-1)!)!
}

/** The next type of the ladder with more memory. */
export const findLargerInstanceType = (type: string): InstanceType | undefined => {
  const memory = findInstanceType(type)?.memoryGb ?? 0
  const next = instanceSizes.find((candidate) => findInstanceType(candidate)!.memoryGb > memory)
  return next === undefined ? undefined : findInstanceType(next)
}

/** USD for the whole of the allowed runtime on all instances; null where the price list does not know the type. */
export const estimateMaxCostUsd = (type: string, region: string, seconds: number, volumeGb: number, instances = 1): number | null => {
  const instance = findInstanceType(type)
  if (instance === undefined) return null
  const factor = region === priceTable.region ? 1 : priceTable.otherRegionsFactor
  const hours = seconds / 3600
  const storage = (priceTable.storageUsdPerGbMonth * volumeGb * hours) / (30 * 24)
  return Math.ceil(instances * (instance.usdPerHour * hours + storage) * factor * 100) / 100
}

/** Machines of a Spark job, where none is named: 16 processors make three executors of five each. */
export const defaultSparkInstanceType = 'ml.m5.4xlarge'

/** Compressed bytes that one of them reads, computes and cuts into shards in about an hour (decision 15). */
const bytesPerInstance = 13e9
const minInstances = 2

/** How many machines a set asks for beyond what one holds; undefined where one is enough. */
export const suggestSparkInstances = (inputBytes: number): number | undefined =>
  estimateMemoryGb(inputBytes) <= findInstanceType(instanceSizes.at(-1)!)!.memoryGb
    ? undefined
    : Math.min(processingLimits.instances, Math.max(minInstances, Math.ceil(inputBytes / bytesPerInstance)))

/** Volume of either job of a Spark trip, GB: rows that are moved and written, and to spare. */
export const sparkVolumeGb = (inputBytes: number, minVolumeGb: number): number =>
  Math.min(processingLimits.volumeGb, Math.max(minVolumeGb, 10 + Math.ceil((3 * inputBytes) / 1e9)))

const imageTableSchema = z.object({
  scikitLearn: z.object({ repository: z.string(), tag: z.string() }),
  sparkProcessing: z.object({ repository: z.string(), tag: z.string() }),
  regions: z.record(
    z.string(),
    z.object({ scikitLearn: z.string().optional(), sparkProcessing: z.string().optional(), domain: z.string() }),
  ),
})
const images = imageTableSchema.parse(imageTable)

/** An image of a region; undefined where AWS publishes none there. */
const findImage = (region: string, kind: 'scikitLearn' | 'sparkProcessing'): string | undefined => {
  const entry = images.regions[region]
  const account = entry?.[kind]
  if (entry === undefined || account === undefined) return undefined
  return `${account}.dkr.ecr.${region}.${entry.domain}/${images[kind].repository}:${images[kind].tag}`
}

export const scikitLearnImage = (region: string): string | undefined => findImage(region, 'scikitLearn')
export const sparkImage = (region: string): string | undefined => findImage(region, 'sparkProcessing')
