// The two picture files: legible at every fleet size, exact in their colours, the same bytes every time.
import { decode } from 'fast-png'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ClustersData, HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { cividisColor } from '../../../src-shared/chart-options/cividis.ts'
import { fixedFormatting } from '../../../src-shared/chart-options/format.ts'
import { createHeatmapLayout } from '../../../src-shared/chart-options/heatmap-layout.ts'
import { chartTheme } from '../../../src-shared/chart-options/theme.ts'
import {
  drawClustersPicture,
  drawHeatmapPicture,
  drawRunPictures,
  renderClustersSvg,
  renderHeatmapSvg,
} from '../../../src-main/engine/pictures/draw-pictures.ts'
import { startPictureThread } from '../../../src-main/engine/pictures/write-pictures.ts'
import { loadPictureFont } from '../../../src-main/engine/pictures/picture-font.ts'
import type { CellPlan } from '../../../src-main/forecasts/bin-selected-series.ts'
import { PlainWriter } from '../../../src-main/parquet/plain-writer.ts'
import { selectedSeriesColumns } from '../../../src-shared/artefacts/selected-series.ts'
import { resourcePath } from '../../../src-main/run-folder/resource-path.ts'
import { sampleClusters, sampleHeatmap } from '../../fixtures/picture-samples.ts'

const font = loadPictureFont()
const zoom = 1.5

const unusualNames = [
  'database-primary-for-the-payments-platform-in-eu-west-1a-0000001',
  'خادم-قاعدة-البيانات-١',
  'שרת-ייצור-7',
  '🚀🔥 prod-emoji-😀',
  'a<b>&"c"\'',
  'tab\there\u0000nul',
  'half \ud83d pair',
  '数据库服务器-01',
  '',
]

const heatmaps: readonly (readonly [string, HeatmapData])[] = [
  ['1 server', sampleHeatmap({ servers: 1 })],
  ['5 servers', sampleHeatmap({ servers: 5 })],
  ['60 servers', sampleHeatmap({ servers: 60 })],
  ['120 servers', sampleHeatmap({ servers: 120 })],
  ['10,000 servers', sampleHeatmap({ servers: 10_000 })],
  ['30 servers, hourly', sampleHeatmap({ servers: 30, hourly: true })],
  ['12 servers without history', sampleHeatmap({ servers: 12, noHistory: true })],
  ['odd names', sampleHeatmap({ servers: unusualNames.length, names: (index) => unusualNames[index] ?? '' })],
]

const clusterings: readonly (readonly [string, ClustersData])[] = [
  ['1 server', sampleClusters(1, 1)],
  ['5 servers', sampleClusters(5)],
  ['12 servers with odd names', { ...sampleClusters(9), serverIds: unusualNames }],
  ['120 servers', sampleClusters(120)],
  ['400 servers in 8 groups', sampleClusters(400, 8)],
  ['10,000 servers', sampleClusters(10_000)],
]

interface TextBounds {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const unescapeXml = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')

/** Boxes of all texts of a picture, by the widths of its font; a turned text has its sides exchanged. */
const textBoxes = (svg: string): readonly TextBounds[] =>
  [...svg.matchAll(/<text ([^>]*)>([^<]*)</g)].flatMap(([, attributes = '', escaped = '']) => {
    const text = unescapeXml(escaped)
    if (text.trim() === '') return []
    const attribute = (name: string): string => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
    const size = Number(/font-size:([\d.]+)px/.exec(attributes)?.[1])
    const width = font.measure(text, size, attributes.includes('font-weight:bold'))
    const start = { start: 0, middle: -width / 2, end: -width }[attribute('text-anchor')] ?? 0
    const x = Number(attribute('x')) + start
    const y = Number(attribute('y'))
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = (/\(([^)]*)\)/.exec(attribute('transform'))?.[1] ?? '0 0').split(/[ ,]+/).map(Number)
    const half = size * 0.45
    if (!attribute('transform').startsWith('matrix')) {
      return [{ text, left: x + a, right: x + a + width, top: y + b - half, bottom: y + b + half }]
    }
    const corners = [x, x + width].flatMap((cx) => [y - half, y + half].map((cy) => [a * cx + c * cy + e, b * cx + d * cy + f]))
    const [xs, ys] = [0, 1].map((side) => corners.map((corner) => corner[side] ?? 0))
    return [{ text, left: Math.min(...xs!), right: Math.max(...xs!), top: Math.min(...ys!), bottom: Math.max(...ys!) }]
  })

const overlapping = (boxes: readonly TextBounds[]): string[] =>
  boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter((other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
      .map((other) => `"${one.text}" and "${other.text}"`),
  )

const sizeOf = (svg: string): readonly [number, number] => {
  const [, width, height] = /<svg width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []
  return [Number(width), Number(height)]
}

/** Texts that overlap or leave the picture. */
const unreadableTexts = (svg: string): string[] => {
  const boxes = textBoxes(svg)
  const [width, height] = sizeOf(svg)
  const textsOutside = boxes.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height)
  return [...overlapping(boxes), ...textsOutside.map(({ text }) => `"${text}" is outside`)]
}

describe('texts neither overlap nor leave the picture', () => {
  it.each(heatmaps)('heatmap of %s', (_, data) => {
    const svg = renderHeatmapSvg(data, font)
    expect(textBoxes(svg).length).toBeGreaterThan(10)
    expect(unreadableTexts(svg)).toEqual([])
  })

  it.each(clusterings)('clusters of %s', (_, data) => {
    const svg = renderClustersSvg(data, font)
    expect(textBoxes(svg).length).toBeGreaterThan(10)
    expect(unreadableTexts(svg)).toEqual([])
  })
})

describe('the heatmap picture', () => {
  it('names every row, at 60 rows too', () => {
    const data = sampleHeatmap({ servers: 10_000 })
    const texts = new Set(textBoxes(renderHeatmapSvg(data, font)).map(({ text }) => text))
    for (const row of data.rows) expect(texts).toContain(row.label)
  })

  it('has the finding, both spans, the marks and the thresholds in words', () => {
    const texts = textBoxes(renderHeatmapSvg(sampleHeatmap({ servers: 120 }), font)).map(({ text }) => text)
    expect(texts).toEqual(
      expect.arrayContaining([
        '17 of 120 servers exceed 80\u00a0% by 31 March',
        'measured',
        'forecast',
        'Quarter end',
        'Thanksgiving Day',
        '80',
        '90',
        'high risk, P95 above 90\u00a0%',
        'low risk',
        'no data',
      ]),
    )
  })

  it('paints each cell in the colour of its value', async () => {
    const data = sampleHeatmap({ servers: 5 })
    const svg = renderHeatmapSvg(data, font)
    const [width, height] = sizeOf(svg)
    const picture = decode(await drawHeatmapPicture(data))
    expect([picture.width, picture.height]).toEqual([width * zoom, Math.round(height * zoom)])
    const frame = { theme: chartTheme('light', font), formatting: fixedFormatting, width, height }
    const { plot } = createHeatmapLayout(data, frame)
    for (const [row, column] of [
      [0, 0],
      [0, 179],
      [2, 60],
      [4, 100],
      [3, 150],
    ] as const) {
      const x = Math.floor((plot.x + ((column + 0.5) / 180) * plot.width) * zoom)
      const y = Math.floor((plot.y + ((row + 0.5) / 5) * plot.height) * zoom)
      const start = (y * picture.width + x) * picture.channels
      const color = `rgb(${picture.data.slice(start, start + 3).join(', ')})`
      expect(color, `row ${row}, column ${column}`).toBe(cividisColor((data.values[row * 180 + column] ?? 0) / 100))
    }
  })

  it('grows with the rows within reason', () => {
    const heights = [1, 5, 20, 60].map((servers) => sizeOf(renderHeatmapSvg(sampleHeatmap({ servers }), font))[1])
    expect([...heights].sort((a, b) => a - b)).toEqual(heights)
    expect(heights[0]).toBeGreaterThan(200)
    expect(heights[3]).toBeLessThan(1300)
  })

  it('is drawn without rows too', async () => {
    const data = {
      ...sampleHeatmap({ servers: 1 }),
      rows: [],
      values: new Float32Array(),
      counts: { servers: 0, atRisk: 0 },
    }
    expect(renderHeatmapSvg(data, font)).toContain('No servers to show')
    expect(decode(await drawHeatmapPicture(data)).width).toBe(1920)
  })
})

describe('the clusters picture', () => {
  it('names every group with its size, and every server of a small fleet', () => {
    const data = sampleClusters(5)
    const texts = textBoxes(renderClustersSvg(data, font)).map(({ text }) => text)
    for (const { name, size } of data.clusters) {
      expect(texts).toContain(name)
      expect(texts.some((text) => text.startsWith(`${size} server`))).toBe(true)
    }
    for (const serverId of data.serverIds) expect(texts).toContain(serverId)
    expect(texts).toEqual(expect.arrayContaining(['mean of CPU P95 over the horizon (%)', 'standard deviation (percentage points)']))
  })

  it('has a mark for each of 10,000 servers, in few paths', () => {
    const paths = renderClustersSvg(sampleClusters(10_000), font).match(/<path [^>]*>/g) ?? []
    expect(paths.length).toBeLessThan(500)
    expect(paths.join('').match(/M/g)?.length ?? 0).toBeGreaterThanOrEqual(10_000)
  })
})

describe('both pictures', () => {
  it('have the same bytes for the same data', async () => {
    const heatmap = sampleHeatmap({ servers: 120 })
    const clusters = sampleClusters(120)
    const [first, second] = [await drawHeatmapPicture(heatmap), await drawHeatmapPicture(heatmap)]
    expect(Buffer.from(first).equals(second)).toBe(true)
    const [third, fourth] = [await drawClustersPicture(clusters), await drawClustersPicture(clusters)]
    expect(Buffer.from(third).equals(fourth)).toBe(true)
  })

  it('have dark letters of the shipped typeface in the title', async () => {
    for (const png of [await drawHeatmapPicture(sampleHeatmap({ servers: 5 })), await drawClustersPicture(sampleClusters(5))]) {
      const { width, channels, data } = decode(png)
      let dark = 0
      for (let y = 24; y < 60; y++) {
        for (let x = 30; x < 600; x++) if ((data[(y * width + x) * channels] ?? 255) < 80) dark++
      }
      expect(dark).toBeGreaterThan(1000)
    }
  })
})

describe('the typeface', () => {
  it('has the advance widths that its makers publish', () => {
    // DejaVu Sans 2.37: A is 1401 and the space 651 of 2048 units wide; A of the bold face 1585.
    expect(font.measure('A', 2048)).toBe(1401)
    expect(font.measure(' A', 2048)).toBe(2052)
    expect(font.measure('A', 2048, true)).toBe(1585)
  })

  afterEach(() => vi.unstubAllEnvs())

  it('is looked for where HEADROOM_RESOURCES says, and a missing file is named', () => {
    expect(() => resourcePath('fonts', 'none.ttf')).toThrow('fonts/none.ttf')
    vi.stubEnv('HEADROOM_RESOURCES', '/elsewhere')
    expect(() => resourcePath('fonts', 'DejaVuSans.ttf')).toThrow('DejaVuSans.ttf')
  })
})

/** A series.parquet whose servers have a value per day, and where they go. */
const writeCells = (path: string, values: Float32Array, rows: number): CellPlan => {
  const columns = values.length / rows
  const dayUs = 86_400e6
  const file = new PlainWriter(path, selectedSeriesColumns)
  const lengths = (size: number): Uint32Array => new Uint32Array(rows).fill(size)
  const numbers = Int32Array.from({ length: rows }, (_, row) => row)
  const texts = (text: (row: number) => string): string[] => Array.from(numbers, text)
  file.writeGroup(rows, [
    { numbers },
    { numbers },
    { texts: texts((row) => `server ${row}`) },
    { texts: texts(() => 'cpu') },
    { numbers: new Float64Array(rows).fill(dayUs) },
    { numbers: new Float64Array(rows), lengths: lengths(1) },
    { numbers: values, lengths: lengths(columns) },
    { numbers: new Float64Array(0), lengths: lengths(0) },
  ])
  file.finish({}, 'test')
  return { metric: 'cpu', rows, rowOfServer: numbers, columnTimesUs: Float64Array.from({ length: columns + 1 }, (_, day) => day * dayUs) }
}

describe('a thread', () => {
  it('draws what this thread draws', async () => {
    const worker = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'picture-worker.cjs')
    const clusters = { ...sampleClusters(120), underutilizedThreshold: 40 }
    const { values, ...heatmap } = sampleHeatmap({ servers: 30, hourly: true })
    const folder = await mkdtemp(join(tmpdir(), 'headroom-pictures-'))
    const seriesPath = join(folder, 'series.parquet')
    const cells = writeCells(seriesPath, values, heatmap.rows.length)
    const task = { heatmap: { ...heatmap, cells }, seriesPath, clusters, zone: 'America/New_York' }
    const thread = startPictureThread(worker)
    const drawn = await thread.ask(task).finally(() => {
      void thread.close()
    })
    const expected = await drawRunPictures(task)
    expect([Buffer.from(drawn.heatmap), Buffer.from(drawn.clusters)]).toEqual([
      Buffer.from(expected.heatmap),
      Buffer.from(expected.clusters),
    ])
    await rm(folder, { recursive: true })
  })
})
