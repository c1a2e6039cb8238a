// The npm packages in a package of the app: those bundled into the builds, and those installed next to them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { component } from '../engine/bill-of-materials.mjs'
import { lockedPackages } from '../engine/fetched-package.mjs'
import { modulesFolder, projectFolder } from '../setup/project-folders.mjs'

/** @typedef {{ name: string, version: string, license: string, integrity: string | undefined, texts: string[] }} ShippedPackage */

const builds = ['main', 'renderer']

/** @returns {string[]} names of the packages bundled into the builds */
function builtIn() {
  return builds.flatMap((build) => {
    const contents = JSON.parse(readFileSync(join(projectFolder, 'out', build, 'contents.json'), 'utf8'))
    return Object.values(contents).flatMap((/** @type {{ packages: string[] }} */ chunk) => chunk.packages)
  })
}

/** Packages installed next to the build: direct and indirect runtime dependencies, and those of this platform. @returns {string[]} */
function installed() {
  return Object.entries(lockedPackages()).flatMap(([path, entry]) =>
    path.startsWith('node_modules/') && !('dev' in entry) && existsSync(join(projectFolder, path))
      ? [path.slice('node_modules/'.length)]
      : [],
  )
}

/** @param {string} name */
function licenceTexts(name) {
  const folder = join(modulesFolder, name)
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice|copying|ofl)/i.test(entry.name) && !/\.(js|json)$/.test(entry.name))
    .map(({ name: file }) => file)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
}

/** Licences that only a file of the package states, not its description. @type {Readonly<Record<string, string>>} */
const unnamedLicences = { 'png-js': 'MIT' }

/** @returns {ShippedPackage[]} in the order of their names */
export function shippedPackages() {
  const locked = lockedPackages()
  return [...new Set([...builtIn(), ...installed()])].sort().map((name) => {
    const entry = locked[`node_modules/${name}`]
    const described = JSON.parse(readFileSync(join(modulesFolder, name, 'package.json'), 'utf8'))
    const license = entry?.license ?? described.license ?? unnamedLicences[name] ?? ''
    return { name, version: described.version, license, integrity: entry?.integrity, texts: licenceTexts(name) }
  })
}

/** Parts of the app besides npm packages. */
const fonts = { type: 'library', name: 'dejavu-fonts', version: '2.37', licenses: [{ license: { name: 'Bitstream Vera and DejaVu' } }] }

/** CycloneDX, without times or random numbers. @param {string} electronVersion */
export function appBillOfMaterials(electronVersion) {
  const { name, version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
  const packages = shippedPackages().map((shipped) => component(shipped.name, shipped.version, shipped.license, shipped.integrity))
  const electron = { type: 'framework', name: 'electron', version: electronVersion, licenses: [{ expression: 'MIT' }] }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name, version } },
    components: [...packages, electron, fonts].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** Every package with its licence and the text of it. */
export function licenceNotice() {
  const line = '='.repeat(80)
  const parts = shippedPackages().map(({ name, version, license, texts }) =>
    `${name} ${version}\n${license}\n\n${texts.join('\n\n')}`.trimEnd(),
  )
  const font = readFileSync(join(projectFolder, 'resources', 'fonts', 'DejaVu-LICENSE.txt'), 'utf8').trim()
  const intro = 'Headroom contains the work of others under the licences below. Those of Electron and Chromium are next to the program.'
  return `${[intro, ...parts, `DejaVu fonts 2.37\n\n${font}`].join(`\n\n${line}\n`)}\n`
}
