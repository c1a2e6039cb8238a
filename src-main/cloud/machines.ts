// Which machine a job runs on, what it costs at most, and which image its region has: from the dated tables in resources/cloud.
import { z } from 'zod'
import imageTable from '../../resources/cloud/images.json' with { type: 'json' }
import { processingLimits } from '../../src-shared/cloud-settings.ts'
import priceTable from '../../resources/cloud/prices.json' with { type: 'json' }

export interface Machine {
  readonly type: string
  readonly vcpus: number
  readonly memoryGb: number
  readonly usdPerHour: number
}

const machines: readonly Machine[] = priceTable.instances
/** When the price list was taken down, ISO date. */
export const pricesAsOf: string = priceTable.asOf

export const findMachine = (type: string): Machine | undefined => machines.find((machine) => machine.type === type)

/** Least to greatest: what the engine is offered, by the size of the forecast set. */
const ladder = ['ml.m5.large', 'ml.m5.xlarge', 'ml.m5.2xlarge', 'ml.m5.4xlarge', 'ml.m5.12xlarge', 'ml.m5.24xlarge']

/** Memory that a set takes beside DuckDB's fixed needs: so many times its compressed size. */
const memoryPerByte = 8
const fixedMemoryGb = 3

const neededGb = (inputBytes: number): number => fixedMemoryGb + (inputBytes * memoryPerByte) / 2 ** 30

/** The smallest type that holds a forecast set of so many bytes (compressed) comfortably. */
export const chooseMachine = (inputBytes: number): Machine => {
  const needed = neededGb(inputBytes)
  const fitting = ladder.find((type) => findMachine(type)!.memoryGb >= needed)
  return findMachine(fitting ?? ladder.at(-1)!)!
}

/** The next type of the ladder with more memory. */
export const largerMachine = (type: string): Machine | undefined => {
  const memory = findMachine(type)?.memoryGb ?? 0
  const next = ladder.find((candidate) => findMachine(candidate)!.memoryGb > memory)
  return next === undefined ? undefined : findMachine(next)
}

/** USD for the whole of the allowed runtime on all instances; null where the price list does not know the type. */
export const mostCost = (type: string, region: string, seconds: number, volumeGb: number, instances = 1): number | null => {
  const machine = findMachine(type)
  if (machine === undefined) return null
  const factor = region === priceTable.region ? 1 : priceTable.otherRegionsFactor
  const hours = seconds / 3600
  const storage = (priceTable.storageUsdPerGbMonth * volumeGb * hours) / (30 * 24)
  return Math.ceil(instances * (machine.usdPerHour * hours + storage) * factor * 100) / 100
}

/** Machines of a Spark job, where none is named: 16 processors make three executors of five each. */
export const sparkType = 'ml.m5.4xlarge'

/** Compressed bytes that one of them reads, computes and cuts into shards in about an hour (decision 15). */
const bytesPerInstance = 13e9
const fewestInstances = 2

/** How many machines a set asks for beyond what one holds; undefined where one is enough. */
export const suggestSpark = (inputBytes: number): number | undefined =>
  neededGb(inputBytes) <= findMachine(ladder.at(-1)!)!.memoryGb
    ? undefined
    : Math.min(processingLimits.instances, Math.max(fewestInstances, Math.ceil(inputBytes / bytesPerInstance)))

/** Volume of either job of a Spark trip, GB: rows that are moved and written, and to spare. */
export const sparkVolumeGb = (inputBytes: number, atLeast: number): number =>
  Math.min(processingLimits.volumeGb, Math.max(atLeast, 10 + Math.ceil((3 * inputBytes) / 1e9)))

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
const imageOf = (region: string, kind: 'scikitLearn' | 'sparkProcessing'): string | undefined => {
  const entry = images.regions[region]
  const account = entry?.[kind]
  if (entry === undefined || account === undefined) return undefined
  return `${account}.dkr.ecr.${region}.${entry.domain}/${images[kind].repository}:${images[kind].tag}`
}

export const regionImage = (region: string): string | undefined => imageOf(region, 'scikitLearn')
export const sparkImage = (region: string): string | undefined => imageOf(region, 'sparkProcessing')
