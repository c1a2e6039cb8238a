// Servers tables beyond reason: lead times that leave the calendar, and a small file that would unpack into gigabytes.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadServersTable } from '../../src-main/forecasts/servers-table.ts'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

test.each(['1e12', '36501', '-1', 'inf'])('a lead time of %s days is refused', async (days) => {
  const path = await workspace.writeText('servers.csv', `server_id,lead_time_days\nsrv-1,${days}\n`)
  await expect(loadServersTable(workspace.database, path, 'auto')).rejects.toMatchObject({
    code: 'servers-invalid',
    message: `Column lead_time_days of the servers table servers.csv holds "${days}", which is no number from 0 to 36,500.`,
  })
})

test('a lead time of a hundred years is the longest, also in the settings', async () => {
  const path = await workspace.writeText('servers.csv', 'server_id,lead_time_days\nsrv-1,36500\n')
  expect((await loadServersTable(workspace.database, path, 'auto')).entry?.rows).toBe(1)
  expect(() => completeConfig({ lead_time_days: 1e12 }, 'headroom')).toThrow('36500')
})

test('a table that unpacks into far more than its size is not unpacked', async () => {
  const path = join(workspace.folder, 'servers.csv.gz')
  await writeFile(path, gzipSync(Buffer.concat([Buffer.from('server_id,region\n'), Buffer.alloc(200_000_000, 'srv-1,eu\n')])))
  const before = process.memoryUsage().rss
  await expect(loadServersTable(workspace.database, path, 'auto')).rejects.toMatchObject({ code: 'servers-invalid' })
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
})
