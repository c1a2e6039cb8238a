// Reading YAML files: keys of a regular file, or one error that names the file, the line and the next step.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readYamlFile } from '../../src-main/config/yaml-file.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'headroom-yaml-'))))
afterAll(async () => rm(folder, { recursive: true }))

const fileWith = async (text: string): Promise<string> => {
  const path = join(folder, 'config.yaml')
  await writeFile(path, text)
  return path
}

/** Each line lists the line above ten times. */
const expandingAliases = (lines: number): string =>
  Array.from(
    { length: lines },
    (_, line) =>
      `k${line}: &k${line} [${Array(10)
        .fill(line === 0 ? '1' : `*k${line - 1}`)
        .join(', ')}]\n`,
  ).join('')

test.each(['removed: &a [b, *a]\n', 'a: &a\n  b:\n    c: *a\n'])('an alias inside of what it names is refused: %s', async (text) => {
  await expect(readYamlFile(await fileWith(text), 'scenario')).rejects.toMatchObject({
    code: 'scenario-invalid',
    message: 'config.yaml is not valid YAML or JSON: an alias stands inside of what it names.',
  })
  // The same value in two places is sound.
  expect(await readYamlFile(await fileWith('a: &a [b]\nc: [*a, *a]\n'), 'scenario')).toEqual({ a: ['b'], c: [['b'], ['b']] })
})

describe('readYamlFile', () => {
  test.each([
    ['YAML', 'high_risk_threshold: 70\neoq_months: [3, 6]\n', { high_risk_threshold: 70, eoq_months: [3, 6] }],
    ['JSON', '{"high_risk_threshold": 70}', { high_risk_threshold: 70 }],
    [
      'names of JavaScript',
      '__proto__: { a: 1 }\nconstructor: 2\n',
      Object.fromEntries([
        ['__proto__', { a: 1 }],
        ['constructor', 2],
      ]),
    ],
    ['an empty file', '', {}],
    ['a file of comments', '# nothing yet\n', {}],
  ])('reads %s', async (_, text, keys) => {
    expect(await readYamlFile(await fileWith(text), 'configuration')).toEqual(keys)
  })

  test.each([
    ['a list', '- 1\n', 'config.yaml contains no keys. Headroom expects lines of the form "key: value".'],
    ['a single value', '70\n', 'config.yaml contains no keys. Headroom expects lines of the form "key: value".'],
    ['a second document', 'seed: 1\n---\nseed: 2\n', 'config.yaml is not valid YAML or JSON: a second document begins in line 2.'],
    ['an open bracket', 'seed: 1\nmonths: [3, 6\n', 'config.yaml is not valid YAML or JSON: a ] is missing at the latest in line 3.'],
    [
      'a key that stands twice',
      'seed: 1\nseed: 2\n',
      'config.yaml is not valid YAML or JSON: a key stands twice, the second time in line 2.',
    ],
    ['a tab', 'gates:\n\tat_risk: 1\n', 'config.yaml is not valid YAML or JSON: spaces are expected instead of a tab in line 2.'],
    [
      'a colon that is missing',
      'a: 1\nseed 1\nb: 2\n',
      'config.yaml is not valid YAML or JSON: a line of the form "key: value" is expected in line 2.',
    ],
    ['a star', 'seed: *x\n', 'config.yaml is not valid YAML or JSON: quotes are expected around a value that begins with *.'],
    ['a quote that is open', 'a: "x\nb: 1\n', 'config.yaml is not valid YAML or JSON: a " is missing at the latest in line 3.'],
    ['a hundred thousand brackets', '['.repeat(100_000), 'config.yaml is not valid YAML or JSON: it is nested too deeply, or its aliases'],
    ['a hundred thousand dashes', '- '.repeat(100_000), 'config.yaml is not valid YAML or JSON: it is nested too deeply, or its aliases'],
    [
      'aliases that expand into millions of values',
      expandingAliases(8),
      'config.yaml is not valid YAML or JSON: it is nested too deeply, or its aliases expand too far.',
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(readYamlFile(await fileWith(text), 'configuration')).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(message),
    })
  })

  test('names the scenario and its path if the file cannot be read', async () => {
    const path = join(folder, 'missing.yaml')
    await expect(readYamlFile(path, 'scenario')).rejects.toMatchObject({
      code: 'scenario-invalid',
      message: `The scenario ${path} cannot be read.`,
      next: 'Check the path.',
    })
  })

  test('refuses a folder', async () => {
    await expect(readYamlFile(folder, 'configuration')).rejects.toMatchObject({ message: `The configuration ${folder} is a folder.` })
  })

  test.skipIf(process.platform === 'win32')('refuses a pipe without waiting for a writer', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(readYamlFile(path, 'configuration')).rejects.toMatchObject({ message: `The configuration ${path} is not a regular file.` })
  })

  test('refuses more than 16 MB', async () => {
    const path = await fileWith(`seed: 1 # ${'x'.repeat(16_000_000)}\n`)
    await expect(readYamlFile(path, 'configuration')).rejects.toMatchObject({ message: `The configuration ${path} is larger than 16 MB.` })
  })
})
