// Settings of every version are read, upgraded and backed up before they are replaced.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readSettingsFile, writeSettingsFile } from '../../../src-main/shell/settings/settings-file.ts'
import { defaultSettings } from '../../../src-shared/config/settings.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-settings-'))
  path = join(folder, 'settings.json')
})
afterEach(() => rm(folder, { recursive: true }))

/** As the first Headroom wrote it: without a version. */
const first = '{ "theme": "dark", "zoom": 1.2, "analysis": { "high_threshold": 85 }, "queryHistory": ["SELECT 1"] }'

test('a missing file means default settings', async () => {
  expect(await readSettingsFile(path)).toEqual(defaultSettings)
  expect(await readdir(folder)).toEqual([])
})

test('saved settings are read with their version', async () => {
  await writeSettingsFile(path, { ...defaultSettings, theme: 'light' })
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ format_version: 1, theme: 'light' })
  expect(await readSettingsFile(path)).toEqual({ ...defaultSettings, theme: 'light' })
  expect(await readdir(folder)).toEqual(['settings.json'])
})

test('settings of the first version are upgraded, and a copy stays unchanged', async () => {
  await writeFile(path, first)
  const settings = await readSettingsFile(path)
  expect(settings).toEqual({ ...defaultSettings, theme: 'dark', zoom: 1.2, analysis: { high_threshold: 85 }, queryHistory: ['SELECT 1'] })
  expect((await readdir(folder)).sort()).toEqual(['settings.json', 'settings.json.version-0'])
  expect(await readFile(`${path}.version-0`, 'utf8')).toBe(first)
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ format_version: 1, ...settings })
})

test.each([
  ['of a later version', '{ "format_version": 2, "theme": "sepia" }', 'settings.json.version-2'],
  ['that are torn', '{ "format_version": 1, "theme": "da', 'settings.json.damaged'],
  ['that are empty', '', 'settings.json.damaged'],
  ['that do not fit', '{ "format_version": 1, "theme": "sepia" }', 'settings.json.damaged'],
])('settings %s are backed up before they are replaced', async (_, text, copy) => {
  await writeFile(path, text)
  expect(await readSettingsFile(path)).toEqual(defaultSettings)
  await writeSettingsFile(path, defaultSettings)
  expect(await readFile(join(folder, copy), 'utf8')).toBe(text)
})

test.skipIf(process.platform === 'win32')('only the user may read settings and their folder', async () => {
  const nested = join(folder, 'headroom', 'settings.json')
  await writeSettingsFile(nested, defaultSettings)
  const modes = await Promise.all([nested, join(folder, 'headroom')].map(async (written) => (await stat(written)).mode & 0o777))
  expect(modes).toEqual([0o600, 0o700])
})

test('columns of the server list that an earlier version stored are the layout of its grid', async () => {
  const layout = { drawerWidth: 400, serverColumns: ['server_id', 'disposition', 'mae'] }
  await writeFile(path, JSON.stringify({ format_version: 1, layout }))
  const { grids, ...others } = (await readSettingsFile(path)).layout
  expect(others).toEqual({ drawerWidth: 400, isSidebarCollapsed: false })
  expect(grids['servers']?.visible).toMatchObject({ recommendation: true, mae: true, horizon_mean: false })
})
