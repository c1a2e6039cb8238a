// Rules for packages: pinned, no addresses, no install scripts, a licence that allows shipping, an entry on a page.

/** Licences that allow shipping if their text is included. */
const shippable = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-3.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'OFL-1.1',
  'Unlicense',
  'Zlib',
])

/** Packages with a known install script, which npm is configured not to run. */
const knownScripts = new Set(['electron', 'electron-winstaller', 'fsevents'])

/**
 * @param {{ packages: Record<string, { version?: string, resolved?: string, integrity?: string, optional?: boolean, hasInstallScript?: boolean, link?: boolean, dependencies?: object, devDependencies?: object }> }} lock
 * @param {{ dependencies: Record<string, string>, devDependencies: Record<string, string> }} description package.json
 * @param {string} npmrc
 * @returns {string[]} objections
 */
export function reviewLock(lock, description, npmrc) {
  const faults = []
  const wanted = { ...description.dependencies, ...description.devDependencies }
  for (const [name, version] of Object.entries(wanted)) {
    if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) faults.push(`${name} is not pinned: ${version}.`)
    if (lock.packages[`node_modules/${name}`]?.version !== version) faults.push(`The lock file has another ${name} than package.json.`)
  }
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue
    const name = path.split('node_modules/').at(-1) ?? path
    if (entry.resolved !== undefined) faults.push(`${name} carries an address in the lock file.`)
    if (entry.link) faults.push(`${name} is a link.`)
    // Some registries lack packages for other platforms; npm adds their hashes where the registry has them.
    if (entry.integrity === undefined && !entry.optional) faults.push(`${name} has no hash in the lock file.`)
    if (entry.integrity !== undefined && !entry.integrity.startsWith('sha512-')) faults.push(`${name} has a weak hash in the lock file.`)
    if (entry.hasInstallScript && !knownScripts.has(name)) faults.push(`${name} wants to run a script when it is installed.`)
  }
  if (!/^ignore-scripts=true$/m.test(npmrc)) faults.push('.npmrc does not refuse install scripts.')
  return faults
}

/** A licence expression: every part of an "AND", one of an "OR". @param {string} expression */
function isShippable(expression) {
  return expression
    .replaceAll(/[()]/g, '')
    .split(/ AND /i)
    .every((part) => part.split(/ OR /i).some((licence) => shippable.has(licence.trim())))
}

/** @param {readonly { name: string, license: string, texts: readonly string[] }[]} shipped @returns {string[]} objections */
export function reviewLicences(shipped) {
  return shipped.filter(({ license }) => !isShippable(license)).map(({ name, license }) => `${name} has the licence ${license || 'none'}.`)
}

/** @param {readonly string[]} names of the libraries that are shipped and were chosen by us @param {string} page @returns {string[]} objections */
export function reviewPage(names, page) {
  const rows = [...page.matchAll(/^\| `([^`]+)` \|(.*)\|(.*)\|$/gm)].map(([, name, reason, touches]) => ({ name, reason, touches }))
  return [
    ...names
      .filter((name) => !rows.some((row) => row.name === name && row.reason?.trim() && row.touches?.trim()))
      .map((name) => `docs/dependencies.md does not explain ${name}.`),
    ...rows
      .filter(({ name }) => !names.includes(name ?? ''))
      .map(({ name }) => `docs/dependencies.md explains ${name}, which is not shipped.`),
  ]
}
