// The software bill of materials of the engine bundle (CycloneDX), without times or random numbers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'
import { bundledPackages } from './collect-files.mjs'
import { containerNode, lockedPackages } from './fetched-package.mjs'

/** One library of a bill. @param {string} name @param {string} version @param {string | undefined} license @param {string | undefined} integrity */
export function component(name, version, license, integrity) {
  const sha512 = integrity?.startsWith('sha512-') ? Buffer.from(integrity.slice(7), 'base64').toString('hex') : undefined
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license ? { licenses: [{ expression: license }] } : {}),
    ...(sha512 ? { hashes: [{ alg: 'SHA-512', content: sha512 }] } : {}),
  }
}

export function billOfMaterials() {
  const { name, version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
  const locked = lockedPackages()
  const components = bundledPackages().flatMap((bundled) => {
    const entry = locked[`node_modules/${bundled}`]
    return entry ? [component(bundled, entry.version, entry.license, entry.integrity)] : []
  })
  const node = component(containerNode.name, containerNode.version, 'MIT', containerNode.integrity)
  const fonts = { type: 'library', name: 'dejavu-fonts', version: '2.37', licenses: [{ license: { name: 'Bitstream Vera and DejaVu' } }] }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: `${name}-engine`, version } },
    components: [...components, node, fonts].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
