// The set-up scripts: Node versions, installed packages, the build, locks, Electron, folders, and the test summary.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isBuilt, products, sourceFingerprint } from '../../scripts/setup/build.mjs'
import { dependencyStamp, dependencyState, matchesLock } from '../../scripts/setup/dependencies.mjs'
import { missingLibraries } from '../../scripts/setup/electron-check.mjs'
import { installedElectron, recordFailure, hasRecentFailure } from '../../scripts/setup/electron-package.mjs'
import { verifyIntegrity } from '../../scripts/setup/integrity.mjs'
import { isStale, withLock } from '../../scripts/setup/lock-file.mjs'
import { isSupportedNode, requireSupportedNode } from '../../scripts/setup/node-version.mjs'
import { cacheFolder, dataFolder, userFolder } from '../../scripts/setup/project-folders.mjs'
import { freeRunName } from '../../scripts/setup/sample-run.mjs'
import { installableNames, pickNames } from '../../scripts/setup/system-packages.mjs'
import { stepsOf } from '../../scripts/testing/check-steps.mjs'
import { addUp, countVitest, exitCodeFor, oneFailed, onePassed, summaryLine } from '../../scripts/testing/test-summary.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('Node.js versions', () => {
  it.each(['20.19.0', '20.20.2', 'v22.12.0', '24.0.0', '26.3.1'])('%s is supported', (version) => {
    expect(isSupportedNode(version)).toBe(true)
  })
  it.each(['18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.0'])('%s is refused with its version', (version) => {
    expect(isSupportedNode(version)).toBe(false)
    expect(() => requireSupportedNode(version)).toThrow(`this is Node.js ${version}.`)
  })
})

describe('installed packages', () => {
  const lock = JSON.stringify({
    packages: {
      '': { version: '0.1.0' },
      'node_modules/zod': { version: '4.6.7' },
      'node_modules/binding-darwin': { version: '1.0.0', optional: true },
    },
  })
  const installed = JSON.stringify({ packages: { 'node_modules/zod': { version: '4.6.7' } } })

  it('match a lock file when only optional packages are absent', () => {
    expect(matchesLock(lock, installed)).toBe(true)
  })
  it('do not match when a version differs, a package is absent or superfluous', () => {
    expect(matchesLock(lock, installed.replace('4.6.7', '4.6.6'))).toBe(false)
    expect(matchesLock(lock, JSON.stringify({ packages: {} }))).toBe(false)
    expect(matchesLock(lock, installed.replace('}}', '},"node_modules/old":{"version":"1.0.0"}}'))).toBe(false)
  })
  it('are missing in an empty folder', () => {
    expect(dependencyState(folder, lock)).toBe('missing')
  })
  it('are accepted after the user’s npm install, and recorded in a stamp', () => {
    writeFileSync(join(folder, '.package-lock.json'), installed)
    expect(dependencyState(folder, lock)).toBe('unstamped')
    writeFileSync(join(folder, '.headroom-setup.json'), dependencyStamp(lock))
    expect(dependencyState(folder, lock)).toBe('installed')
  })
  it('are missing once the lock file names another version', () => {
    writeFileSync(join(folder, '.package-lock.json'), installed)
    writeFileSync(join(folder, '.headroom-setup.json'), dependencyStamp(lock))
    expect(dependencyState(folder, lock.replace('4.6.7', '4.7.0'))).toBe('missing')
  })
  it('are missing if they belong to another platform', () => {
    writeFileSync(join(folder, '.package-lock.json'), installed)
    writeFileSync(join(folder, '.headroom-setup.json'), dependencyStamp(lock, 'plan9-mips'))
    expect(dependencyState(folder, lock)).toBe('missing')
  })
})

describe('the build', () => {
  beforeEach(() => {
    for (const name of ['src-main', 'out/main', 'out/preload', 'out/renderer']) mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, 'src-main', 'index.ts'), 'export {}')
    for (const product of products) writeFileSync(join(folder, 'out', product), 'built')
    writeFileSync(join(folder, 'out', '.headroom-build'), sourceFingerprint(folder))
  })

  it('is up to date right after it was made', () => {
    expect(isBuilt(folder)).toBe(true)
  })
  it('is out of date after a source is changed, added or removed', () => {
    utimesSync(join(folder, 'src-main', 'index.ts'), 1, 1)
    expect(isBuilt(folder)).toBe(false)
    writeFileSync(join(folder, 'out', '.headroom-build'), sourceFingerprint(folder))
    writeFileSync(join(folder, 'src-main', 'new.ts'), 'export {}')
    expect(isBuilt(folder)).toBe(false)
    writeFileSync(join(folder, 'out', '.headroom-build'), sourceFingerprint(folder))
    rmSync(join(folder, 'src-main', 'new.ts'))
    expect(isBuilt(folder)).toBe(false)
  })
  it('is out of date if one of its files is missing', () => {
    rmSync(join(folder, 'out', 'main', 'cli.cjs'))
    expect(isBuilt(folder)).toBe(false)
  })
})

describe('the set-up lock', () => {
  it('lets one step run after the other', async () => {
    const order: string[] = []
    const step = (name: string) => async () => {
      order.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push(`${name} ends`)
    }
    const file = join(folder, 'step.lock')
    await Promise.all([withLock(file, step('first')), withLock(file, step('second'))])
    expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
  })
  it('of an ended process is taken over', async () => {
    const file = join(folder, 'step.lock')
    writeFileSync(file, '4194304999')
    expect(isStale(file)).toBe(true)
    expect(await withLock(file, async () => 'done')).toBe('done')
  })
  it('of a running process is respected', () => {
    const file = join(folder, 'step.lock')
    writeFileSync(file, String(process.pid))
    expect(isStale(file)).toBe(false)
  })
})

describe('Electron', () => {
  it('is refused if the tarball differs from the pinned one', async () => {
    const tarball = join(folder, 'electron.tgz')
    writeFileSync(tarball, 'the right content')
    const integrity = `sha512-${createHash('sha512').update('the right content').digest('base64')}`
    await expect(verifyIntegrity(tarball, integrity)).resolves.toBeUndefined()
    writeFileSync(tarball, 'the wrong content')
    await expect(verifyIntegrity(tarball, integrity)).rejects.toThrow('it was not used')
  })
  it('comes from its package only in the version of the package', () => {
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'package.json'), '{ "version": "45.4.1" }')
    writeFileSync(join(folder, 'path.txt'), 'electron')
    writeFileSync(join(folder, 'dist', 'electron'), '')
    expect(installedElectron(folder)).toBeUndefined()
    writeFileSync(join(folder, 'dist', 'version'), '44.0.0')
    expect(installedElectron(folder)).toBeUndefined()
    writeFileSync(join(folder, 'dist', 'version'), '45.4.1')
    expect(installedElectron(folder)).toBe(join(folder, 'dist', 'electron'))
  })
  it('is not downloaded again for a day after a refusal, unless its version changes', () => {
    const file = join(folder, 'cache', 'refused.json')
    const day = 24 * 60 * 60 * 1000
    expect(hasRecentFailure('45.4.1', file, 0)).toBe(false)
    recordFailure('45.4.1', 'fetch failed', file, 1000)
    expect(hasRecentFailure('45.4.1', file, 1000 + day - 1)).toBe(true)
    expect(hasRecentFailure('45.4.1', file, 1000 + day)).toBe(false)
    expect(hasRecentFailure('45.5.0', file, 2000)).toBe(false)
  })
  it('names the libraries that the linker misses', () => {
    const ldd = '\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\tlibnss3.so => not found\n\tlibgbm.so.1 => not found\n'
    expect(missingLibraries(ldd)).toEqual(['libnss3.so', 'libgbm.so.1'])
  })
  it('gets its libraries under the package names of the release', () => {
    const policy = [
      'libgtk-3-0t64:\n  Installed: (none)\n  Candidate: 3.24.41-4\n  Version table:\n',
      'libgtk-3-0:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n',
      'libnss3:\n  Installed: 2:3.98\n  Candidate: 2:3.98\n',
    ].join('')
    expect(installableNames(policy)).toEqual(['libgtk-3-0t64', 'libnss3'])
    expect(pickNames([['libgtk-3-0t64', 'libgtk-3-0'], ['libgbm1']], installableNames(policy))).toEqual(['libgtk-3-0t64', 'libgbm1'])
  })
})

describe('folders', () => {
  it('follow HEADROOM_CACHE and HEADROOM_HOME before XDG', () => {
    expect(cacheFolder({ HEADROOM_CACHE: '/a', XDG_CACHE_HOME: '/b' }, 'linux')).toBe('/a')
    expect(cacheFolder({ XDG_CACHE_HOME: '/b' }, 'linux')).toBe('/b/headroom')
    expect(dataFolder({ HEADROOM_HOME: '/c', XDG_DATA_HOME: '/d' })).toBe('/c')
    expect(dataFolder({ XDG_DATA_HOME: '/d' })).toBe('/d/headroom')
  })
  it('of the user is npm’s working folder, if npm started the script', () => {
    expect(userFolder('headroom', { npm_lifecycle_event: 'headroom', INIT_CWD: '/u' })).toBe('/u')
    expect(userFolder('headroom', { npm_lifecycle_event: 'test', INIT_CWD: '/u' })).toBe(process.cwd())
  })
  it('of a run get the time of day if the plain name exists', () => {
    const now = new Date('2026-03-31T08:05:09Z')
    expect(freeRunName('sample', () => false, now)).toBe('sample')
    expect(freeRunName('sample', (name) => name === 'sample', now)).toBe('sample-20260331-080509')
    expect(freeRunName('sample', (name) => !name.endsWith('-2'), now)).toBe('sample-20260331-080509-2')
  })
})

describe('the summary line', () => {
  const failedTest = { status: 'failed', fullName: 'sums add up', failureMessages: ['AssertionError: expected 2 to be 3'] }
  const file = { name: 'sums.test.ts', message: '', status: 'failed', assertionResults: [failedTest, { status: 'passed' }] }
  const report = { numPassedTests: 7, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults: [file] }
  const noFailure = { ...report, numFailedTests: 0, testResults: [] }

  it('adds up all parts and mentions skipped tests only when there are some', () => {
    const checks = [onePassed, oneFailed('check:types')]
    const total = addUp([...checks, countVitest(report, 1)])
    expect(summaryLine(total)).toBe('8 passed, 2 failed, 3 skipped')
    expect(total.failures).toEqual(['check:types', 'sums.test.ts > sums add up\n    AssertionError: expected 2 to be 3'])
    expect(summaryLine(addUp(checks))).toBe('1 passed, 1 failed')
  })
  it('names tests that passed at a second try, which are no failures', () => {
    const retried = { ...failedTest, status: 'passed' }
    expect(countVitest({ ...noFailure, testResults: [{ ...file, status: 'passed', assertionResults: [retried] }] }, 0)).toMatchObject({
      failed: 0,
      failures: [],
      retried: ['sums.test.ts > sums add up\n    AssertionError: expected 2 to be 3'],
    })
  })
  it('counts a file that does not load as a failure', () => {
    const broken = { ...noFailure, testResults: [{ ...file, message: 'SyntaxError: of it', assertionResults: [] }] }
    expect(countVitest(broken, 1)).toMatchObject({ failed: 1, failures: ['sums.test.ts does not load\n    SyntaxError: of it'] })
  })
  it('counts an error outside of any test and a run without a report as a failure', () => {
    expect(countVitest(noFailure, 1, 'window')).toMatchObject({
      failed: 1,
      failures: ['window ended with exit code 1: an error outside of any test.'],
    })
    expect(countVitest(undefined, 134)).toMatchObject({ passed: 0, failed: 1, skipped: 0 })
    expect(countVitest(undefined, 0)).toMatchObject({ passed: 0, failed: 0, skipped: 0, failures: [], retried: [] })
  })
  it('means exit code 0 only if tests ran and none failed', () => {
    const counts = { passed: 3, failed: 0, skipped: 0, failures: [], retried: [] }
    expect(exitCodeFor(counts)).toBe(0)
    expect(exitCodeFor({ ...counts, failed: 1 })).toBe(1)
    expect(exitCodeFor({ ...counts, passed: 0, skipped: 4 })).toBe(1)
  })
  it('counts each step of the check script', () => {
    expect(stepsOf('npm run -s check:format && npm run -s check:types')).toEqual(['check:format', 'check:types'])
  })
})
