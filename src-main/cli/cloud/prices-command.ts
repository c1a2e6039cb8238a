// headroom cloud prices: shows the prices of processing jobs in the region; reads AWS's price list where the user asks for it.
import { fetchPrices, priceListName, savePrices } from '../../cloud/account/price-list.ts'
import { jsonText, print, say, tableText } from '../terminal.ts'
import { withConnection } from './connection.ts'
import { readCloudFolders, type ConnectionOptions } from './launch-options.ts'

export const runPrices = async (options: ConnectionOptions & { readonly update?: boolean }): Promise<void> => {
  const prices = await withConnection(options, {}, async (connection, signal) => {
    if (options.update !== true) return connection.prices
    const fetched = await fetchPrices(await connection.pricing(), connection.region, signal)
    await savePrices(readCloudFolders().prices, fetched)
    return fetched
  })
  if (options.json === true) return print(jsonText({ ...prices }, 2))
  say(
    `Prices of ${prices.region}: ${priceListName(prices)}; a volume costs ${prices.storageUsdPerGbMonth.toFixed(3)} USD per GB and month.`,
  )
  print(
    tableText(
      ['type', 'USD per hour'],
      Object.entries(prices.usdPerHour).map(([type, usd]) => [type, usd.toFixed(4)]),
    ),
  )
}
