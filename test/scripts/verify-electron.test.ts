// A fetched Electron against its checksums, with a small archive in the place of the real one.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifyElectron } from '../../scripts/setup/verify-electron.mjs'

/** As in Electron's binary: the mark, version 1, three fuses: off, on, removed. */
const binary = Buffer.concat([
  Buffer.from('code dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX', 'latin1'),
  Buffer.from([1, 3]),
  Buffer.from('01r rest', 'latin1'),
])
const name = 'electron-v45.0.0-linux-x64.zip'

let packageFolder = ''
let archives = ''
beforeEach(() => {
  packageFolder = mkdtempSync(join(tmpdir(), 'headroom-electron-'))
  archives = join(packageFolder, 'archives')
  const archive = zipSync({ electron: binary, version: Buffer.from('45.0.0') })
  mkdirSync(join(archives, 'a-hash'), { recursive: true })
  mkdirSync(join(packageFolder, 'dist'))
  const write = (path: string, content: string | Uint8Array): void => writeFileSync(join(packageFolder, path), content)
  write('package.json', JSON.stringify({ version: '45.0.0' }))
  write('path.txt', 'electron')
  write('checksums.json', JSON.stringify({ [name]: createHash('sha256').update(archive).digest('hex') }))
  write(join('archives', 'a-hash', name), archive)
  write(join('dist', 'electron'), binary)
  write(join('dist', 'version'), '45.0.0')
})
afterEach(() => rmSync(packageFolder, { recursive: true }))

const verify = (): ReturnType<typeof verifyElectron> => verifyElectron({ packageFolder, archives, platform: 'linux', arch: 'x64' })

test('the published one passes, with its fuses', async () => {
  expect(await verify()).toMatchObject({
    archive: name,
    files: 2,
    fuses: { RunAsNode: 'off', EnableCookieEncryption: 'on', EnableNodeOptionsEnvironmentVariable: 'removed' },
  })
})

test('another archive is refused', async () => {
  writeFileSync(join(archives, 'a-hash', name), zipSync({ electron: Buffer.from('other') }))
  await expect(verify()).rejects.toThrow(/is not the published one: its SHA-256 is [0-9a-f]{64} instead of [0-9a-f]{64}\.$/)
})

test('an unpacked file that is not the archive’s is refused', async () => {
  writeFileSync(join(packageFolder, 'dist', 'electron'), Buffer.concat([binary, Buffer.from('x')]))
  await expect(verify()).rejects.toThrow(`electron is not the file of ${name}.`)
})

test('none fetched says how', async () => {
  rmSync(archives, { recursive: true })
  await expect(verify()).rejects.toThrow('Fetch it: node node_modules/electron/install.js')
})
