// AWS's price list of processing jobs, and the account's own container images in ECR.
import type { Account } from './account.ts'
import { jsonResponse, ServiceError, textOf, type Fields, type ServiceResponse } from './wire.ts'

const storageUsdPerGbMonth = 0.154
const productsPerPage = 2

/** Only what a launch asks for: processing in the account's region. */
export const handlePricing = (account: Account, operation: string, input: Fields): ServiceResponse => {
  if (operation !== 'GetProducts') throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  const filters = (input['Filters'] ?? []) as { readonly Field: string; readonly Value: string }[]
  const valueOf = (field: string): string | undefined => filters.find(({ Field }) => Field === field)?.Value
  const isListed =
    textOf(input, 'ServiceCode') === 'AmazonSageMaker' && valueOf('regionCode') === account.region && valueOf('component') === 'Processing'
  const items: [string, number][] = isListed ? [...account.prices, ['VolumeUsage.gp2', storageUsdPerGbMonth]] : []
  const from = Number(input['NextToken'] ?? 0)
  const to = from + productsPerPage
  return jsonResponse({
    FormatVersion: 'aws_v1',
    PriceList: items.slice(from, to).map(([item, usd]) => JSON.stringify(product(account.region, item, usd))),
    ...(items.length > to ? { NextToken: String(to) } : {}),
  })
}

/** As AWS's list has it, without what nobody reads. */
const product = (regionCode: string, item: string, usd: number): Fields => {
  const isInstance = item.startsWith('ml.')
  return {
    product: {
      productFamily: isInstance ? 'ML Instance' : 'ML Storage',
      attributes: {
        regionCode,
        servicecode: 'AmazonSageMaker',
        component: 'Processing',
        usagetype: `EU-Processing:${item}`,
        ...(isInstance ? { instanceType: `${item}-Processing`, instanceName: item } : {}),
      },
      sku: 'SIMULATED',
    },
    serviceCode: 'AmazonSageMaker',
    terms: {
      OnDemand: {
        'SIMULATED.TERM': {
          priceDimensions: { 'SIMULATED.TERM.RATE': { unit: isInstance ? 'Hrs' : 'GB-Mo', pricePerUnit: { USD: usd.toFixed(10) } } },
          effectiveDate: '2026-11-01T00:00:00Z',
        },
      },
    },
    version: '20261101000000',
    publicationDate: '2026-11-01T00:00:00Z',
  }
}

export const handleEcr = ({ id, images }: Account, operation: string, input: Fields): ServiceResponse => {
  if (operation !== 'DescribeImages')
    throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  const repositoryName = textOf(input, 'repositoryName')
  const tags = images.get(repositoryName)
  if (tags === undefined) {
    throw new ServiceError(
      'RepositoryNotFoundException',
      `The repository with name '${repositoryName}' does not exist in the registry with id '${id}'`,
    )
  }
  const [{ imageTag, imageDigest } = {}] = (input['imageIds'] ?? []) as { imageTag?: string; imageDigest?: string }[]
  const found = [...tags].find(([tag, digest]) => tag === imageTag || digest === imageDigest)
  if (found === undefined) {
    throw new ServiceError(
      'ImageNotFoundException',
      `The image with imageId {imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'} does not exist within the repository with name '${repositoryName}' in the registry with id '${id}'`,
    )
  }
  return jsonResponse({ imageDetails: [{ registryId: id, repositoryName, imageDigest: found[1], imageTags: [found[0]] }] })
}
