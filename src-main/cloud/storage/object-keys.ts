// Keys of S3 as file names: no key may be written outside the chosen folder.
import { resolve, sep } from 'node:path'

/** Names that Windows reserves for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i

/** Why a key's path relative to its prefix may not become a file; undefined where it may. */
export const findKeyProblem = (path: string): string | undefined => {
  if (path === '') return 'it has no name'
  if (path.includes('\0')) return 'it contains NUL'
  if (path.includes('\\')) return 'it contains a backslash'
  if (path.startsWith('/')) return 'it is absolute'
  if (path.includes(':')) return 'it contains a colon, as a drive letter does'
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return `it contains ${name === '' ? 'an empty name' : `"${name}"`}`
    if (reserved.test(name)) return `${name} is the name of a device`
    if (/[. ]$/.test(name)) return `${name} ends in a dot or space`
    if (Buffer.byteLength(name) > 255) return 'a name in it is too long'
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    if (/[\u0001-\u001f\u007f<>"|?*]/.test(name)) return `${JSON.stringify(name)} contains signs that file names must not have`
  }
  return undefined
}

export interface LocalPaths<Item> {
  readonly accepted: { readonly item: Item; readonly path: string; readonly target: string }[]
  readonly refused: { readonly key: string; readonly reason: string }[]
}

/**
 * Where the objects below a prefix go inside a folder. Two keys that are one name on a disk that ignores case, or a file where another
 * key needs a folder, are both refused from the second on.
 */
export const localPathsFor = <Item extends { readonly key: string }>(
  items: readonly Item[],
  prefix: string,
  folder: string,
): LocalPaths<Item> => {
  const root = resolve(folder)
  const files = new Set<string>()
  const folders = new Set<string>()
  const result: LocalPaths<Item> = { accepted: [], refused: [] }
  for (const item of items) {
    const path = item.key.slice(prefix.length)
    const target = resolve(root, path)
    const reason =
      findKeyProblem(path) ??
      (target.startsWith(root + sep) ? undefined : 'it leads out of the folder') ??
      findCollision(path, files, folders)
    if (reason !== undefined) {
      result.refused.push({ key: item.key, reason })
      continue
    }
    const folded = foldName(path)
    files.add(folded)
    for (const parent of parentsOf(folded)) folders.add(parent)
    result.accepted.push({ item, path, target })
  }
  return result
}

/** What a disk without case, and one that composes accents, takes for the same. */
const foldName = (path: string): string => path.normalize('NFC').toLowerCase()

const parentsOf = (path: string): string[] => {
  const names = path.split('/')
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'))
}

const findCollision = (path: string, files: ReadonlySet<string>, folders: ReadonlySet<string>): string | undefined => {
  const folded = foldName(path)
  if (files.has(folded)) return 'another key differs from it in case only'
  if (folders.has(folded) || parentsOf(folded).some((parent) => files.has(parent))) return 'another key is a file where it needs a folder'
  return undefined
}
