// Switches with which a package does not start, and the start of a source tree as root.
import { expect, test } from 'vitest'
import { builderConfig } from '../../../scripts/package/builder-config.mjs'
import { sandboxSwitches } from '../../../scripts/setup/electron-runtime.mjs'
import { refusalOf } from '../../../src-main/shell/window/refused-switches.ts'

test('a package refuses a debugging port and a start without the sandbox, and says how to allow namespaces', () => {
  const refusal = (...names: string[]): string | undefined => refusalOf(true, (name) => names.includes(name))
  expect(refusal('remote-debugging-port')).toMatch(/^--remote-debugging-port would let other programs control the window\./)
  expect(refusal('no-sandbox')).toContain('sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0')
  expect(refusal('disable-gpu')).toBeUndefined()
})

test('development starts with both', () => {
  expect(refusalOf(false, () => true)).toBeUndefined()
})

test('the menu entry of an AppImage does not turn the sandbox off', () => {
  // electron-builder adds --no-sandbox where no arguments are stated.
  const { appImage } = builderConfig({ electronVersion: '45.0.0', prepared: 'prepared', output: 'dist', env: {} })
  expect(appImage).toEqual({ executableArgs: [] })
})

test.each([
  ['root', true, true, ["Root gets no sandbox for the window's pages; start it as another user to have one."], ['--no-sandbox']],
  [
    'a user without namespaces',
    false,
    false,
    ["This system offers no sandbox for the window's pages; opening it without one."],
    ['--no-sandbox'],
  ],
  ['a user with namespaces', false, true, [], []],
])('npm start of %s says whether the sandbox is off', (_, isRoot, hasNamespaces, said, switches) => {
  const lines: string[] = []
  expect(sandboxSwitches({ isRoot, hasNamespaces }, (line) => void lines.push(line))).toEqual(switches)
  expect(lines).toEqual(said)
})
