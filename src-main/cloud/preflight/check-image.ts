// Whether the job's container image can be used: in the region's registry, and an own one with the tag or digest that is named.
import { DescribeImagesCommand } from '@aws-sdk/client-ecr'
import type { CloudCaller, Finding } from '../../../src-shared/cloud/cloud-job.ts'
import { isAccessDenied, toCloudError } from '../account/cloud-error.ts'
import { abortable, type Connection } from '../account/connection.ts'
import { findImage, requireImage, type ImageKind } from '../jobs/instance-types.ts'

const imagePattern = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.(?:com|com\.cn|eu)\/([^:@]+)(?::([^:@]+)|@(sha256:[0-9a-f]{64}))$/

export const checkImage = async (
  connection: Connection,
  { account }: Pick<CloudCaller, 'account'>,
  givenImage: string | undefined,
  kind: ImageKind,
  signal: AbortSignal | undefined,
): Promise<Finding> => {
  const { region } = connection
  if (givenImage === undefined) return { state: 'ok', detail: requireImage(kind, region) }
  const defaultImage = findImage(kind, region)
  const [, registry, imageRegion, repositoryName, imageTag, imageDigest] = imagePattern.exec(givenImage) ?? []
  const next = defaultImage === undefined ? 'Choose an image in a registry of this region.' : `Use ${defaultImage}.`
  if (imageRegion === undefined) return { state: 'failed', detail: `${givenImage} is not an Amazon ECR image.`, next }
  if (imageRegion !== region) return { state: 'failed', detail: `The image is in ${imageRegion}, but the job runs in ${region}.`, next }
  // Registries of other accounts, such as AWS's own, are open to jobs and not to questions.
  if (registry !== account) return { state: 'ok', detail: givenImage }
  const request = { registryId: registry, repositoryName, imageIds: [{ imageTag, imageDigest }] }
  try {
    const { imageDetails: [image] = [] } = await (await connection.ecr()).send(new DescribeImagesCommand(request), abortable(signal))
    return { state: 'ok', detail: `${givenImage}, digest ${image?.imageDigest ?? 'unknown'}` }
  } catch (thrown) {
    signal?.throwIfAborted()
    const { name } = thrown as Error
    if (name === 'RepositoryNotFoundException') {
      return {
        state: 'failed',
        detail: `There is no repository ${repositoryName} in the registry of this account.`,
        next: 'Correct the name, or push the image.',
      }
    }
    if (name === 'ImageNotFoundException') {
      return {
        state: 'failed',
        detail: `The repository ${repositoryName} has no image ${imageTag ?? imageDigest}.`,
        next: 'Correct tag or digest, or push the image.',
      }
    }
    const found = isAccessDenied(thrown) ? undefined : toCloudError(thrown, { region })
    if (found !== undefined && found.code !== 'cloud-unreachable') throw thrown
    return {
      state: 'warning',
      detail: `${givenImage}; ${found === undefined ? 'it cannot be looked up' : 'Amazon ECR cannot be reached'}.`,
      next: found === undefined ? 'Request ecr:DescribeImages to check it before the launch.' : 'SageMaker looks it up at launch.',
    }
  }
}
