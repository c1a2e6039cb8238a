// The packing of a run host by host, on three servers worked out on paper.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { queryHostLoad, queryPacking } from '../../../src-main/queries/recommendations/packing-query.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { fabricateRun, horizonStartMs } from '../../fixtures/fabricated-runs.ts'

const dayMs = 86_400_000
let folder: string
let run: OpenRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-packing-query-'))
  await fabricateRun(join(folder, 'run'))
  run = await openRunFolder(join(folder, 'run'))
  await run.database.run(`
    UPDATE server_risk SET recommendation = 'consolidate', target_host = 'bravo', monthly_cost_usd = 120.5 WHERE server_id = 'charlie';
    UPDATE server_risk SET recommendation = 'consolidate', target_host = 'bravo', monthly_cost_usd = 100 WHERE server_id = 'alpha'`)
})
afterAll(async () => {
  await run.close()
  await rm(folder, { recursive: true, force: true })
})

const page = (change: object = {}) => queryPacking(run, { folder, metric: 'cpu_p95', filter: noFilter, offset: 0, limit: 10, ...change })

describe('hosts', () => {
  it('are listed with the servers that move onto them and the savings', async () => {
    expect(await page()).toEqual({
      total: 1,
      rows: [
        { host: 'bravo', consolidatedServers: ['alpha', 'charlie'], monthly_savings_usd: 220.5, load_p90: null, share_above_target: null },
      ],
    })
  })

  it('are those that pass the filter, page by page', async () => {
    expect(await page({ filter: { ...noFilter, text: 'alpha' } })).toEqual({ total: 0, rows: [] })
    expect(await page({ offset: 1 })).toEqual({ total: 1, rows: [] })
    const filtered = async (column: string, text: string) => (await page({ columnFilters: [{ column, text }] })).total
    expect(await filtered('consolidated_servers', 'alpha, ch')).toBe(1)
    expect(await filtered('servers', '> 2')).toBe(0)
    expect(await filtered('monthly_savings_usd', '> 220')).toBe(1)
    expect(await filtered('share_above_target', '< 5')).toBe(0)
  })
})

describe('the load of a host', () => {
  it('has the quantiles of the paths that placed it, where the run states them', async () => {
    await run.database.run(
      "UPDATE server_risk SET host_load_p50 = 60.5, host_load_p90 = 69, host_share_above_target = 0.035 WHERE server_id = 'bravo'",
    )
    expect((await queryHostLoad(run, { folder, host: 'bravo' })).paths).toEqual({ p50: 60.5, p90: 69, aboveTarget: 0.035 })
    expect((await page({ columnFilters: [{ column: 'share_above_target', text: '< 5' }] })).rows).toMatchObject([
      { host: 'bravo', load_p90: 69, share_above_target: 0.035 },
    ])
    await run.database.run("UPDATE server_risk SET host_load_p50 = NULL WHERE server_id = 'bravo'")
  })

  it('is summed per time, a day that a server lacks counting with its peak', async () => {
    await run.database.run("UPDATE server_risk SET capacity_units = 2 WHERE server_id = 'alpha'")
    const load = await queryHostLoad(run, { folder, host: 'bravo' })
    // bravo 50, 60, 70 and no fourth day: its peak 70. charlie 82, 10, 10, 10. alpha 85, 95, 85, 85 on half as many units.
    expect([...load.currentLoad]).toEqual([50, 60, 70, 70])
    expect([...load.consolidatedLoad]).toEqual([50 + 82 + 42.5, 60 + 10 + 47.5, 70 + 10 + 42.5, 70 + 10 + 42.5])
    expect([...load.timesMs]).toEqual([0, 1, 2, 3].map((day) => horizonStartMs + day * dayMs))
    expect(load).toMatchObject({ host: 'bravo', metric: 'cpu_p95', target: 70, peakMs: horizonStartMs })
    expect(load.paths).toBeNull()
    expect(load.members).toEqual([
      { server_id: 'bravo', share: 50 },
      { server_id: 'charlie', share: 82 },
      { server_id: 'alpha', share: 42.5 },
    ])
  })

  it('of a server that is none is refused', async () => {
    await expect(queryHostLoad(run, { folder, host: 'nobody' })).rejects.toMatchObject({ code: 'query-refused' })
  })
})
