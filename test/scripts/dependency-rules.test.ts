// The rules for packages: each is violated once.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reviewLicences, reviewLock, reviewPage } from '../../scripts/testing/dependency-rules.mjs'

const project = join(import.meta.dirname, '..', '..')
const read = (name: string): string => readFileSync(join(project, name), 'utf8')

test('the lock file and npm’s settings of this project follow the rules', () => {
  expect(reviewLock(JSON.parse(read('package-lock.json')), JSON.parse(read('package.json')), read('.npmrc'))).toEqual([])
})

describe('a rule objects to', () => {
  const description = { dependencies: { a: '1.0.0' }, devDependencies: {} }
  const sound = { version: '1.0.0', integrity: 'sha512-x' }
  const npmrc = 'ignore-scripts=true\n'
  test.each([
    ['nothing', sound, []],
    ['an address', { ...sound, resolved: 'https://example.com/a.tgz' }, ['a carries an address in the lock file.']],
    ['no hash', { version: '1.0.0' }, ['a has no hash in the lock file.']],
    ['a weak hash', { ...sound, integrity: 'sha1-x' }, ['a has a weak hash in the lock file.']],
    ['an install script', { ...sound, hasInstallScript: true }, ['a wants to run a script when it is installed.']],
    ['a link', { ...sound, link: true }, ['a is a link.']],
    ['another version', { ...sound, version: '1.0.1' }, ['The lock file has another a than package.json.']],
  ])('%s', (_, entry, faults) => {
    expect(reviewLock({ packages: { '': {}, 'node_modules/a': entry } }, description, npmrc)).toEqual(faults)
  })

  test('version ranges, and scripts that npm would run', () => {
    const moving = { dependencies: { a: '^1.0.0' }, devDependencies: {} }
    expect(reviewLock({ packages: { 'node_modules/a': { ...sound, version: '^1.0.0' } } }, moving, '')).toEqual([
      'a is not pinned: ^1.0.0.',
      '.npmrc does not refuse install scripts.',
    ])
  })

  test('licences that forbid shipping', () => {
    const names = ['MIT', 'GPL-3.0-only', 'MIT OR GPL-3.0-only', '(ISC AND GPL-2.0)', ''].map((license) => ({
      name: license,
      license,
      texts: [],
    }))
    expect(reviewLicences(names)).toEqual([
      'GPL-3.0-only has the licence GPL-3.0-only.',
      '(ISC AND GPL-2.0) has the licence (ISC AND GPL-2.0).',
      ' has the licence none.',
    ])
  })

  test('unexplained libraries, and explanations without a library', () => {
    expect(reviewPage(['a', 'b'], '| `a` | why | files |\n| `b` | | files |\n| `c` | why | files |\n')).toEqual([
      'docs/dependencies.md does not explain b.',
      'docs/dependencies.md explains c, which is not shipped.',
    ])
  })
})
