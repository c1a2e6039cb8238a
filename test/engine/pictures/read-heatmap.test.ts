// The heatmap of the PNG and of the window: the same servers, columns and cells for the same run.
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { analyze } from '../../../src-main/engine/analyze.ts'
import { fillHeatmap } from '../../../src-main/engine/pictures/fill-heatmap.ts'
import { queryHeatmap } from '../../../src-main/queries/heatmap/heatmap-query.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { ForecastWorkspace, writeSmallPictures } from '../../fixtures/forecast-workspace.ts'

const hourMs = 3_600_000
const horizonStartMs = Date.UTC(2026, 5, 29)
const maxRows = 60
const maxColumns = 360

let workspace: ForecastWorkspace
beforeAll(async () => void (workspace = await ForecastWorkspace.open()))
afterAll(async () => workspace.close())

/** Both heatmaps of the same forecasts, over the same time. */
const readBoth = async (forecasts: string): Promise<{ picture: HeatmapData; view: HeatmapData }> => {
  const folder = join(workspace.folder, `run of ${basename(forecasts)}`)
  let shown: HeatmapData | undefined
  await analyze(
    { inputs: [forecasts], out: folder, method: 'headroom', config: { basis: 'expected' } },
    {
      writePictures: async (staging, heatmap) => {
        shown = await fillHeatmap(heatmap, join(staging, runFiles.selectedSeries))
        await writeSmallPictures(staging)
      },
    },
  )
  const picture = shown!
  const run = await openRunFolder(folder)
  try {
    const time = { fromMs: picture.startMs, toMs: picture.startMs + picture.columns * picture.stepMs }
    const { data } = await queryHeatmap(run, {
      folder,
      metric: picture.metric,
      sort: 'risk',
      reduction: 'max',
      filter: noFilter,
      rows: null,
      time,
      maxRows,
      maxColumns,
      selected: null,
    })
    return { picture, view: data }
  } finally {
    await run.close()
  }
}

/** Hourly forecasts of 70 servers; every seventh has its horizon a day later, and the last two have none. */
const writeFleet = (name: string, history: number, horizon: number): Promise<string> =>
  workspace.writeQuery(
    name,
    `SELECT 'server ' || s AS server_id, make_timestamp_ms(${horizonStartMs}) + to_hours(CAST(h AS INTEGER)) AS timestamp,
            CASE WHEN h < begins THEN (hash(s * 1000 + h) % 6000) / 100.0 END AS actual, (hash(s * 7000 + h) % 9500) / 100.0 AS predicted
     FROM (SELECT s, CASE WHEN s >= 68 THEN 100000 WHEN s % 7 = 0 THEN 24 ELSE 0 END AS begins FROM range(70) t(s)), range(-${history}, ${horizon}) u(h)
     WHERE s < 68 OR h < 0`,
  )

describe('readHeatmap', () => {
  test.each([
    { period: 'one hour', history: 120, horizon: 100, size: 1, columns: 200 },
    // 241 hours on each side are 482, in columns of two hours: 121 before the horizon, of which the first begins an hour earlier.
    { period: 'two hours', history: 300, horizon: 241, size: 2, columns: 242 },
  ])('equals the heatmap of the window cell by cell, with columns of $period', async ({ history, horizon, size, columns }) => {
    const { picture, view } = await readBoth(await writeFleet(`${horizon}.parquet`, history, horizon))
    expect(picture).toMatchObject({ columns, stepMs: size * hourMs, horizonStartMs, counts: { servers: 70 } })
    expect((picture.horizonStartMs - picture.startMs) % picture.stepMs).toBe(0)
    expect(picture.rows).toHaveLength(35)
    expect(picture.rows.at(-1)).toMatchObject({ servers: 2, riskLevel: null })
    expect(picture.values.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(6000)
    const { marks: _pictureMarks, ...pictureCells } = picture
    const { marks: _viewMarks, ...viewCells } = view
    expect(pictureCells).toEqual(viewCells)
  })
})
