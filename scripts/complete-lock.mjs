// Completes package-lock.json after `npm install`: npm leaves out platform packages that its registry did not offer, and then
// `npm ci` refuses the lock file everywhere. Their names and versions come from the packages that depend on them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './setup/project-folders.mjs'

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

/** The machines that a name such as "@oxlint/binding-linux-arm64-musl" states. @param {string} name */
function machinesOf(name) {
  const words = name.split(/[/-]/)
  const libraries = /musl/.test(name) ? ['musl'] : /-gnu/.test(name) ? ['glibc'] : undefined
  return {
    os: systems.filter((system) => words.includes(system)),
    cpu: processors.filter((processor) => words.includes(processor)),
    ...(libraries ? { libc: libraries } : {}),
  }
}

const file = join(projectFolder, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
/** @type {string[]} */
const added = []
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] || lock.packages[`${path}/${key}`]) continue
    const { os, cpu, libc } = machinesOf(name)
    if (os.length === 0 || !/^\d/.test(version)) throw new Error(`${name}@${version} is no package for one platform`)
    lock.packages[key] = { version, cpu, ...(entry.dev ? { dev: true } : {}), ...(libc ? { libc } : {}), optional: true, os }
    added.push(name)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length > 0 ? `Added to package-lock.json: ${added.join(', ')}` : 'package-lock.json is complete.')
