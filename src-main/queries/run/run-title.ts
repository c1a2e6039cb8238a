// What a run is called: the file it was made of, or the folder of its files.
import { posix } from 'node:path'

/** Where the container has them; it says nothing of what they are. */
const containerInputFolder = /^\/opt\/ml\/processing\//
const hivePartition = /^[^/=]+=/

/** `inputs`: paths as the machine of the analysis wrote them; `folder`: of the run. */
export const createRunTitle = (inputs: readonly string[], folder: string): string => {
  const paths = inputs.map((path) => path.replaceAll('\\', '/'))
  const [first] = paths
  const fallback = posix.basename(folder.replaceAll('\\', '/'))
  if (first === undefined) return fallback
  if (paths.length === 1) return posix.basename(first, posix.extname(first))
  const parts = posix.dirname(first).split('/')
  const firstDifference = parts.findIndex((part, index) => paths.some((path) => path.split('/')[index] !== part))
  const common = firstDifference === -1 ? parts : parts.slice(0, firstDifference)
  while (hivePartition.test(common.at(-1) ?? '')) common.pop()
  const name = common.at(-1) ?? ''
  return name === '' || containerInputFolder.test(`${common.join('/')}/`) ? fallback : name
}
