// Prices of processing jobs in a region: AWS's price list as it was when the user asked for it, else the dated list that ships.
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GetProductsCommand, type PricingClient } from '@aws-sdk/client-pricing'
import { z } from 'zod'
import shippedTable from '../../../resources/cloud/prices.json' with { type: 'json' }
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { replaceText } from '../../run-folder/replace-file.ts'

const priceListSchema = z.object({
  region: z.string(),
  /** ISO day. */
  asOf: z.iso.date(),
  source: z.enum(['AWS', 'shipped']),
  storageUsdPerGbMonth: z.number().positive(),
  /** By instance type. */
  usdPerHour: z.record(z.string(), z.number().positive()),
})
export type PriceList = z.infer<typeof priceListSchema>

/** Prices of us-east-1; elsewhere multiplied by a factor that no region exceeds, so that estimates are not too low. */
export const shippedPrices = (region: string): PriceList => {
  const factor = region === shippedTable.region ? 1 : shippedTable.otherRegionsFactor
  return {
    region,
    asOf: shippedTable.asOf,
    source: 'shipped',
    storageUsdPerGbMonth: shippedTable.storageUsdPerGbMonth * factor,
    usdPerHour: Object.fromEntries(shippedTable.instances.map(({ type, usdPerHour }) => [type, usdPerHour * factor])),
  }
}

const priceFile = (folder: string, region: string): string => join(folder, `${region}.json`)

/** `folder`: where savePrices put AWS's list; a file that cannot be read counts as absent. */
export const readPrices = async (folder: string | undefined, region: string): Promise<PriceList> => {
  if (folder === undefined) return shippedPrices(region)
  const text = await readFile(priceFile(folder, region), 'utf8').catch(() => '{}')
  try {
    const prices = priceListSchema.parse(JSON.parse(text))
    return prices.region === region ? prices : shippedPrices(region)
  } catch {
    return shippedPrices(region)
  }
}

export const savePrices = async (folder: string, prices: PriceList): Promise<void> => {
  const path = priceFile(folder, prices.region)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceText(path, `${JSON.stringify(prices, null, 2)}\n`, 0o600)
}

/** Where a partition serves its price list. */
const priceListRegions: Readonly<Record<string, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-northwest-1' }

/** Throws cloud-setup for a partition without a price list. */
export const priceListRegion = (partition: string): string => {
  const region = priceListRegions[partition]
  if (region !== undefined) return region
  throw new HeadroomError('cloud-setup', `The partition ${partition} serves no price list.`, { next: 'The shipped prices apply.' })
}

const productSchema = z.object({
  product: z.object({ attributes: z.object({ usagetype: z.string() }) }),
  terms: z.object({
    OnDemand: z.record(
      z.string(),
      z.object({ priceDimensions: z.record(z.string(), z.object({ pricePerUnit: z.object({ USD: z.string().optional() }) })) }),
    ),
  }),
})

/** Reads AWS's list of the region's processing prices. Throws cloud-setup where it has none in USD. */
export const fetchPrices = async (pricing: PricingClient, region: string, signal: AbortSignal | undefined): Promise<PriceList> => {
  const usdPerHour: Record<string, number> = {}
  let storageUsdPerGbMonth: number | undefined
  let token: string | undefined
  do {
    const page = await pricing.send(
      new GetProductsCommand({
        ServiceCode: 'AmazonSageMaker',
        Filters: [
          { Type: 'TERM_MATCH', Field: 'regionCode', Value: region },
          { Type: 'TERM_MATCH', Field: 'component', Value: 'Processing' },
        ],
        NextToken: token,
      }),
      signal === undefined ? {} : { abortSignal: signal },
    )
    for (const text of page.PriceList ?? []) {
      const found = productSchema.safeParse(JSON.parse(text as string)).data
      const usd = found === undefined ? undefined : usdOf(found)
      if (found === undefined || usd === undefined) continue
      const [, item = ''] = /Processing:(.+)$/.exec(found.product.attributes.usagetype) ?? []
      if (item.startsWith('ml.')) usdPerHour[item] = usd
      else if (item.startsWith('VolumeUsage')) storageUsdPerGbMonth = Math.max(storageUsdPerGbMonth ?? 0, usd)
    }
    token = page.NextToken
  } while (token !== undefined && token !== '')
  if (Object.keys(usdPerHour).length === 0) {
    throw new HeadroomError('cloud-setup', `AWS lists no prices of processing jobs in USD for ${region}.`, {
      next: 'The shipped prices apply.',
    })
  }
  return {
    region,
    asOf: new Date().toISOString().slice(0, 10),
    source: 'AWS',
    storageUsdPerGbMonth: storageUsdPerGbMonth ?? shippedPrices(region).storageUsdPerGbMonth,
    usdPerHour: Object.fromEntries(Object.entries(usdPerHour).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** The dearest of its prices; undefined without one in USD. */
const usdOf = ({ terms }: z.infer<typeof productSchema>): number | undefined => {
  const prices = Object.values(terms.OnDemand)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .map(({ pricePerUnit: { USD = '' } }) => Number(USD))
    .filter((usd) => usd > 0)
  return prices.length === 0 ? undefined : Math.max(...prices)
}

export interface Instances {
  readonly type: string
  readonly count: number
  readonly seconds: number
  readonly volumeGb: number
}

/** USD of instances and their volumes for a time; null for a type that the list lacks. */
export const costUsd = ({ usdPerHour, storageUsdPerGbMonth }: PriceList, { type, count, seconds, volumeGb }: Instances): number | null => {
  const hourly = Object.hasOwn(usdPerHour, type) ? usdPerHour[type] : undefined
  if (hourly === undefined) return null
  return (count * (hourly + (storageUsdPerGbMonth * volumeGb) / hoursPerMonth) * seconds) / 3600
}

const hoursPerMonth = 30 * 24

/** As in "shipped price list of 2025-06-01". */
export const priceListName = ({ source, asOf }: PriceList): string =>
  source === 'AWS' ? `AWS price list of ${asOf}` : `shipped price list of ${asOf}`
