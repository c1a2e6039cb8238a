// `npm run verify-electron`: compares the fetched Electron with its published checksums and prints its fuses.
import { join } from 'node:path'
import { modulesFolder } from './setup/project-folders.mjs'
import { runMain } from './setup/setup-error.mjs'
import { archiveFolder, verifyElectron } from './setup/verify-electron.mjs'

await runMain(async () => {
  const { archive, checksum, files, fuses } = await verifyElectron({
    packageFolder: join(modulesFolder, 'electron'),
    archives: archiveFolder(),
  })
  console.log(`${archive}: SHA-256 ${checksum} as published; ${files} unpacked files are the archive's.`)
  for (const [name, state] of Object.entries(fuses)) console.log(`${name.padEnd(46)} ${state}`)
  return 0
})
