// The builders of heatmap and clusters: colours, cells, text, dates and positions, against values worked out by hand.
import { describe, expect, it } from 'vitest'
import type { ClustersData, HeatmapData, TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import { cividisTable } from '../../../src-shared/chart-options/cividis.ts'
import { createClustersLayout } from '../../../src-shared/chart-options/clusters-layout.ts'
import { clustersSubtitle, clustersTitle } from '../../../src-shared/chart-options/clusters-title.ts'
import { daysText, escapeHtml, fixedFormatting, localeFormatting, toPrintable } from '../../../src-shared/chart-options/format.ts'
import { createBarsOption } from '../../../src-renderer/charts/bars-option.ts'
import { createSavingsRiskOption } from '../../../src-renderer/charts/savings-risk-option.ts'
import { createBreachCurveOption } from '../../../src-renderer/charts/curve-options.ts'
import { cellAt, describeCell } from '../../../src-shared/chart-options/heatmap-cell.ts'
import { cellScale, measureHeatmapHeight, createHeatmapLayout } from '../../../src-shared/chart-options/heatmap-layout.ts'
import { scaleTicks } from '../../../src-shared/chart-options/heatmap-legend.ts'
import { positionMarks } from '../../../src-shared/chart-options/heatmap-marks.ts'
import { createHeatmapTable } from '../../../src-renderer/charts/heatmap-table.ts'
import { heatmapSubtitle, heatmapTitle } from '../../../src-shared/chart-options/heatmap-title.ts'
import { heatmapDomain, paintMatrix } from '../../../src-shared/chart-options/paint-matrix.ts'
import { estimateTextWidth, fitText } from '../../../src-shared/chart-options/text-width.ts'
import { chartTheme, clusterStyle, type ThemeName } from '../../../src-shared/chart-options/theme.ts'
import { utcClock } from '../../../src-shared/run/zone-clock.ts'
import { timeLabels, timeTicks } from '../../../src-shared/chart-options/time-ticks.ts'
import { sampleClusters, sampleHeatmap } from '../../fixtures/picture-samples.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const themeNames: readonly ThemeName[] = ['light', 'dark', 'high-contrast']

/** Two servers by three days from 30 March 2026, of which the last is forecast. */
const small: HeatmapData = {
  metric: 'cpu_p95',
  unit: '%',
  rows: [
    { label: 'db-1', serverId: 'db-1', servers: 1, riskLevel: 'high' },
    { label: 'web <1>', serverId: 'web-1', servers: 3, riskLevel: 'low' },
  ],
  startMs: Date.UTC(2026, 2, 30),
  stepMs: dayMs,
  columnZone: 'UTC',
  columns: 3,
  values: Float32Array.of(0, 100, 95.25, 50, Number.NaN, 120),
  horizonStartMs: Date.UTC(2026, 3, 1),
  reduction: 'max',
  marks: [{ kind: 'eoq', label: 'Quarter end', fromMs: Date.UTC(2026, 2, 25), toMs: Date.UTC(2026, 3, 1) }],
  highThreshold: 80,
  veryHighThreshold: 90,
  counts: { servers: 4, atRisk: 1 },
}

describe('cividis', () => {
  it('has the published ends and 256 steps', () => {
    expect(cividisTable).toHaveLength(768)
    expect(Array.from(cividisTable.subarray(0, 3))).toEqual([0x00, 0x22, 0x4e])
    expect(Array.from(cividisTable.subarray(765))).toEqual([0xfe, 0xe8, 0x38])
  })

  it('grows lighter at every step, as a sequential scale must', () => {
    const lightness = Array.from({ length: 256 }, (_, step) => luminance(Array.from(cividisTable.subarray(step * 3, step * 3 + 3))))
    for (let step = 1; step < 256; step++) expect(lightness[step]).toBeGreaterThanOrEqual(lightness[step - 1] ?? 0)
  })
})

describe('a painted matrix', () => {
  const painted = paintMatrix(small, { x: 2, y: 3 })
  const pixel = (x: number, y: number): number[] =>
    Array.from(painted.pixels.subarray((y * painted.width + x) * 4, (y * painted.width + x + 1) * 4))

  it('has as many pixels as cells times the scale', () => {
    expect([painted.width, painted.height, painted.pixels.length]).toEqual([6, 6, 144])
  })

  it('paints 0 % and 100 % in the ends of the scale, whole blocks with hard edges', () => {
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 2],
      [1, 2],
    ] as const)
      expect(pixel(x, y)).toEqual([0, 34, 78, 255])
    for (const [x, y] of [
      [2, 0],
      [3, 2],
    ] as const)
      expect(pixel(x, y)).toEqual([254, 232, 56, 255])
  })

  it('paints 50 % between the fifth and sixth published colour', () => {
    // Step 128 of 255 lies 0.5176 of the way from #707173 to #8a8678.
    expect(pixel(0, 3)).toEqual([125, 124, 118, 255])
  })

  it('leaves unknown cells transparent and paints values above 100 % like 100 %', () => {
    expect(pixel(2, 3)).toEqual([0, 0, 0, 0])
    expect(pixel(5, 5)).toEqual([254, 232, 56, 255])
  })

  it('takes a round number above the greatest value as the end where the unit is not percent', () => {
    expect(heatmapDomain(small)).toEqual({ min: 0, max: 100 })
    expect(heatmapDomain({ ...small, unit: '', values: Float32Array.of(3, 1700, Number.NaN) })).toEqual({
      min: 0,
      max: 2000,
    })
    expect(heatmapDomain({ ...small, unit: '', values: Float32Array.of(Number.NaN) })).toEqual({ min: 0, max: 1 })
  })

  it('is scaled to at least the pixels of the plot', () => {
    expect(cellScale(small, { x: 0, y: 0, width: 100, height: 50 }, 2)).toEqual({ x: 67, y: 50 })
    expect(cellScale({ ...small, columns: 1000 }, { x: 0, y: 0, width: 100, height: 1 }, 1)).toEqual({ x: 1, y: 1 })
  })
})

describe('the cell under the pointer', () => {
  it('is found by time and row', () => {
    const cell = cellAt(small, Date.UTC(2026, 3, 1, 23, 59), 0.99)
    expect(cell).toMatchObject({ rowIndex: 0, column: 2, value: 95.25, isForecast: true, row: { serverId: 'db-1' } })
    expect(cell?.fromMs).toBe(Date.UTC(2026, 3, 1))
    expect(cell?.toMs).toBe(Date.UTC(2026, 3, 2))
    expect(cellAt(small, Date.UTC(2026, 2, 30), 1)).toMatchObject({ rowIndex: 1, column: 0, isForecast: false })
  })

  it('is null outside the matrix', () => {
    expect(cellAt(small, Date.UTC(2026, 2, 29, 23), 0)).toBeNull()
    expect(cellAt(small, Date.UTC(2026, 3, 2), 0)).toBeNull()
    expect(cellAt(small, Date.UTC(2026, 2, 30), 2)).toBeNull()
    expect(cellAt(small, Date.UTC(2026, 2, 30), -0.1)).toBeNull()
    expect(cellAt(small, Number.NaN, 0)).toBeNull()
  })

  it('says who, when, how much and what stands out', () => {
    const describeAt = (timeMs: number, row: number) => {
      const cell = cellAt(small, timeMs, row)
      return cell === null ? null : describeCell(small, cell, fixedFormatting)
    }
    expect(describeAt(Date.UTC(2026, 3, 1), 0)).toEqual({
      serverText: 'db-1',
      timeText: '1 April 2026',
      valueText: '95.3\u00a0% forecast',
      notes: ['above 90\u00a0%', 'high risk'],
    })
    expect(describeAt(Date.UTC(2026, 2, 30), 1)).toEqual({
      serverText: 'web <1>',
      timeText: '30 March 2026',
      valueText: '50\u00a0% measured, highest',
      notes: ['Quarter end', 'low risk'],
    })
    expect(describeAt(Date.UTC(2026, 2, 31), 1)?.valueText).toBe('no data')
  })
})

describe('bars', () => {
  const gridOf = (values: readonly number[], labels?: readonly string[]): { left: number; right: number } => {
    const chart = { theme: chartTheme('light'), formatting: localeFormatting('en-US') }
    const kinds = [{ name: 'x', color: '#000000', values }]
    const data = { names: values.map(String), unit: '', kinds, ...(labels === undefined ? {} : { labels, isHorizontal: true }) }
    return createBarsOption(data, chart).grid as { left: number; right: number }
  }

  it('leave room for the numbers at their axis, however many digits they have', () => {
    expect(gridOf([5, 7]).left).toBe(52)
    expect(gridOf([5_216_416, 12]).left).toBeGreaterThan(chartTheme('light').font.measure('5,000,000', 11))
    expect(gridOf([5_216_416, 12]).left).toBeGreaterThan(gridOf([52_164, 12]).left)
  })

  it('write names as far as there is room', () => {
    const chart = { theme: chartTheme('light'), formatting: localeFormatting('en-US') }
    const kinds = [{ name: 'x', color: '#000000', values: [1] }]
    const name = 'idle, weekend heavy, mean 0.0'
    const option = createBarsOption({ names: [name], unit: '', kinds, isHorizontal: true }, chart)
    const { axisLabel } = option.yAxis as { axisLabel: { width: number } }
    expect(axisLabel.width).toBeGreaterThan(chartTheme('light').font.measure(name, 11))
    expect((option.grid as { left: number }).left).toBeGreaterThan(axisLabel.width)
  })

  it('leave room for the words at their ends', () => {
    expect(gridOf([1], ['7 (2 %)']).right).toBe(70)
    expect(gridOf([1], ['243,241 (83.6 %)']).right).toBeGreaterThan(chartTheme('light').font.measure('243,241 (83.6 %)', 11))
  })
})

describe('the legend of the clusters above a narrow plot', () => {
  const layoutOf = (names: readonly string[], width: number) => {
    const clusters = names.map((name, cluster) => ({ cluster, name, size: 3, mean: 20, std: 2 }))
    const data = { metric: 'cpu_p95', unit: '%', serverIds: [], mean: [], std: [], cluster: [], clusters } as unknown as ClustersData
    return createClustersLayout(data, chartTheme('light'), localeFormatting('en-US'), width)
  }
  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `idle, weekend heavy, mean ${index}`)

  it('takes as many rows as its entries need, and the plot begins below them', () => {
    const tops = [1, 2, 4].map((count) => layoutOf(names(count), 300).plot.top)
    expect(tops[1]! - tops[0]!).toBe(26)
    expect(tops[2]! - tops[0]!).toBe(3 * 26)
    expect(layoutOf(names(2), 700).plot.top).toBe(tops[0])
  })

  it('scrolls where its rows would leave too little of the plot', () => {
    expect([5, 6].map((count) => layoutOf(names(count), 300).isLegendScrolled)).toEqual([false, true])
    expect(layoutOf(names(6), 300).plot.top).toBe(layoutOf(names(1), 300).plot.top)
  })
})

describe('the breach curve', () => {
  it('joins the dates it is known for, from none at the start, without steps that would deny a breach between them', () => {
    const data = { timesMs: [7 * dayMs, 14 * dayMs], probability: [0.5, 0.75], startMs: 0, stepMs: dayMs, expectedMs: null }
    const { series } = createBreachCurveOption(data, { theme: chartTheme('light'), formatting: fixedFormatting })
    expect(series).toMatchObject([
      {
        data: [
          [0, 0],
          [7 * dayMs, 50],
          [14 * dayMs, 75],
        ],
        symbol: 'circle',
      },
    ])
    expect(series).not.toMatchObject([{ step: expect.anything() }])
  })
})

describe('the heatmap as a table', () => {
  it('says per row the greatest measured and forecast value with their days, and the first forecast day above 80', () => {
    expect(createHeatmapTable(small, utcClock).rows).toEqual([
      ['db-1', 1, 'high', 100, '2026-03-31T00:00:00Z', 95.25, '2026-04-01T00:00:00Z', '2026-04-01T00:00:00Z'],
      ['web <1>', 3, 'low', 50, '2026-03-30T00:00:00Z', 120, '2026-04-01T00:00:00Z', '2026-04-01T00:00:00Z'],
    ])
    expect(createHeatmapTable(small, utcClock).columns).toContain('highest measured, %')
    expect(createHeatmapTable({ ...small, unit: '' }, utcClock).columns).toContain('highest forecast')
    expect(createHeatmapTable({ ...small, highThreshold: 100 }, utcClock).rows.map((row) => row.at(-1))).toEqual([
      null,
      '2026-04-01T00:00:00Z',
    ])
    const gone = createHeatmapTable({ ...small, values: new Float32Array(6).fill(Number.NaN), highThreshold: null }, utcClock).rows
    expect(gone[0]).toEqual(['db-1', 1, 'high', null, null, null, null, null])
  })
})

describe('the title of the heatmap', () => {
  const title = (servers: number, atRisk: number, more: Partial<HeatmapData> = {}): string =>
    heatmapTitle({ ...small, counts: { servers, atRisk }, ...more }, fixedFormatting).replaceAll('\u00a0', ' ')

  it('states the finding for none, one, some and all', () => {
    expect(title(120, 0)).toBe('None of 120 servers exceeds 80 % by 1 April')
    expect(title(120, 1)).toBe('1 of 120 servers exceeds 80 % by 1 April')
    expect(title(120, 15)).toBe('15 of 120 servers exceed 80 % by 1 April')
    expect(title(10_000, 1234)).toBe('1,234 of 10,000 servers exceed 80 % by 1 April')
    expect(title(5, 5)).toBe('All 5 servers exceed 80 % by 1 April')
  })

  it('speaks of a single server in the singular', () => {
    expect(title(1, 1)).toBe('The server exceeds 80 % by 1 April')
    expect(title(1, 0)).toBe('The server stays below 80 % until 1 April')
  })

  it('names the hour where a column is shorter than a day', () => {
    expect(title(9, 2, { stepMs: hourMs })).toBe('2 of 9 servers exceed 80 % by 02:00 on 30 March')
  })

  it('does without a figure where thresholds differ or none applies', () => {
    expect(title(9, 2, { highThreshold: null })).toBe('2 of 9 servers exceed their thresholds by 1 April')
    const rows = small.rows.map((row) => ({ ...row, riskLevel: null }))
    expect(title(9, 0, { highThreshold: null, rows })).toBe('CPU P95 of 9 servers until 1 April')
    expect(title(0, 0)).toBe('No servers to show')
  })

  it('has metric, span and reduction below', () => {
    expect(heatmapSubtitle(small, fixedFormatting)).toBe(
      'CPU P95, %  ·  30 March 2026 – 1 April 2026 UTC  ·  4 servers in 2 rows, highest of each row',
    )
  })
})

describe('the title of the clusters', () => {
  it('states the number of clusters and the greatest of them', () => {
    const data = sampleClusters(120)
    expect(clustersTitle(data, fixedFormatting)).toBe('4 clusters: 45 of 120 servers are quiet and steady')
    const clusters = data.clusters.slice(0, 1)
    const chosen = { ...data, servers: 1_000_000 }
    expect(clustersTitle(chosen, fixedFormatting)).toContain(' of 1,000,000 servers are ')
    expect(clustersSubtitle(chosen, fixedFormatting)).toContain('120 of 1,000,000 servers drawn')
    expect(clustersSubtitle(data, fixedFormatting)).toContain('one mark for each of 120 servers')
    expect(clustersTitle({ ...data, clusters }, fixedFormatting)).toBe('One cluster: all 120 servers are quiet and steady')
    const one = { ...data, clusters, serverIds: ['a'] }
    expect(clustersTitle(one, fixedFormatting)).toBe('The one server is quiet and steady')
    expect(clustersTitle({ ...data, clusters: [], serverIds: [] }, fixedFormatting)).toBe('No servers to cluster')
  })
})

describe('the time axis', () => {
  const iso = (ticks: readonly number[]): string[] => ticks.map((tick) => new Date(tick).toISOString().slice(0, 16))

  it('takes the finest step that has room', () => {
    const from = Date.UTC(2025, 11, 20)
    expect(iso(timeTicks(from, from + 40 * dayMs, 300))).toEqual(['2026-01-01T00:00', '2026-01-15T00:00'])
    expect(iso(timeTicks(from, from + 2 * dayMs, 300))).toEqual([
      '2025-12-20T00:00',
      '2025-12-20T12:00',
      '2025-12-21T00:00',
      '2025-12-21T12:00',
    ])
    expect(iso(timeTicks(from, from + 28 * dayMs, 320))).toEqual([
      '2025-12-22T00:00',
      '2025-12-29T00:00',
      '2026-01-05T00:00',
      '2026-01-12T00:00',
    ])
    expect(iso(timeTicks(from, from + 365 * dayMs, 200))).toEqual([
      '2026-01-01T00:00',
      '2026-04-01T00:00',
      '2026-07-01T00:00',
      '2026-10-01T00:00',
    ])
  })

  it('never divides a column', () => {
    const from = Date.UTC(2026, 0, 1)
    expect(iso(timeTicks(from, from + 2 * dayMs, 1000, dayMs))).toEqual(['2026-01-01T00:00', '2026-01-02T00:00'])
  })

  it('says the year or the day once, where it begins, and no two labels touch', () => {
    const spans = [0.5, 1, 2, 5, 14, 30, 60, 90, 180, 365, 730, 1500]
    for (const formatting of [fixedFormatting, localeFormatting('de-DE'), localeFormatting('en-US')]) {
      for (const span of spans) {
        for (const width of [200, 500, 1100]) {
          const fromMs = Date.UTC(2025, 9, 3, 5)
          const axis = { fromMs, toMs: fromMs + span * dayMs, minStepMs: hourMs, x: 0, width, clock: utcClock }
          const labels = timeLabels(axis, formatting, 12, estimateTextWidth)
          expect(findOverlaps(labels.map(({ x, label }) => ({ x, text: label })))).toEqual([])
          expect(findOverlaps(labels.filter(({ context }) => context !== '').map(({ x, context }) => ({ x, text: context })))).toEqual([])
        }
      }
    }
  })
})

describe('labels of quarter ends and holidays', () => {
  const day = (label: string, at: number): TimeMark => ({ kind: 'holiday', label, fromMs: at, toMs: at + 1 })
  const position = (marks: readonly TimeMark[]) =>
    positionMarks(
      marks,
      { from: 0, to: 100 },
      (time) => time,
      (label) => label.length,
      [{ from: 50, to: 50 }],
    )

  it('sit above the middle of their mark where there is room', () => {
    expect(position([day('x'.repeat(11), 20)])[0]?.labelX).toBe(15)
  })

  it('avoid the line of the horizon and each other, and fall away where nothing fits', () => {
    const positioned = position([day('x'.repeat(20), 51), day('y'.repeat(20), 55), day('z'.repeat(200), 90)])
    expect(positioned.map(({ labelX }) => labelX)).toEqual([60, null, null])
  })

  it('are left out beyond the visible span', () => {
    expect(position([day('x', 120)])).toEqual([])
  })
})

describe('long labels of holidays', () => {
  it('are cut where that gives the next one its name', () => {
    const marks: readonly TimeMark[] = [
      { kind: 'holiday', label: 'x'.repeat(200), fromMs: 0, toMs: 2 },
      { kind: 'holiday', label: 'second', fromMs: 150, toMs: 152 },
    ]
    const positioned = positionMarks(
      marks,
      { from: 0, to: 300 },
      (time) => time,
      (label) => label.length,
    )
    expect(positioned.map(({ label, labelX }) => [label, labelX])).toEqual([
      [`${'x'.repeat(109)}…`, 0],
      ['second', 148],
    ])
  })
})

describe('the colour scale', () => {
  const ticks = (data: HeatmapData, length: number) => scaleTicks(data, length, fixedFormatting, (label) => label.length * 7)

  it('marks both thresholds and both ends', () => {
    expect(ticks(small, 300).map(({ label, x, isThreshold }) => [label, x, isThreshold])).toEqual([
      ['0\u00a0%', 0, false],
      ['25', 75, false],
      ['50', 150, false],
      ['80', 240, true],
      ['90', 270, true],
      ['100', 300, false],
    ])
  })

  it('drops labels that would touch, never the line of a threshold', () => {
    const close = ticks({ ...small, highThreshold: 97, veryHighThreshold: 99 }, 300)
    expect(close.filter(({ isThreshold }) => isThreshold).map(({ label }) => label)).toEqual(['97', ''])
    expect(close.map(({ label }) => label)).not.toContain('100')
  })
})

describe('themes', () => {
  it.each(themeNames)('%s: every text has a contrast of 4.5 or more, every sign 3 or more', (name) => {
    const theme = chartTheme(name)
    for (const color of [theme.text, theme.muted, theme.accent]) {
      expect(contrast(color, theme.background)).toBeGreaterThanOrEqual(4.5)
    }
    for (const { color, outline } of Object.values(theme.risk)) {
      expect(Math.max(contrast(color, theme.background), contrast(outline, theme.background))).toBeGreaterThanOrEqual(3)
    }
    expect(contrast(theme.risk.low.color, theme.background)).toBeGreaterThanOrEqual(3)
  })

  it.each(themeNames)('%s: risk classes differ in shape and word, clusters in the pair of colour and symbol', (name) => {
    const theme = chartTheme(name)
    const icons = Object.values(theme.risk)
    for (const key of ['color', 'shape', 'label'] as const) expect(new Set(icons.map((icon) => icon[key])).size).toBe(3)
    const pairs = Array.from({ length: 64 }, (_, cluster) => JSON.stringify(clusterStyle(theme, cluster)))
    expect(new Set(pairs).size).toBe(64)
    const first = Array.from({ length: 8 }, (_, cluster) => clusterStyle(theme, cluster))
    expect(new Set(first.map(({ color }) => color)).size).toBe(8)
    expect(new Set(first.map(({ symbol }) => symbol)).size).toBe(8)
  })
})

describe('the layout', () => {
  it('keeps the parts of the heatmap in order and inside, however small the chart', () => {
    const data = sampleHeatmap({ servers: 60 })
    for (const [width, height] of [
      [1280, 800],
      [700, 500],
      [420, 360],
    ] as const) {
      const frame = { theme: chartTheme('light'), formatting: fixedFormatting, width, height }
      const { plot, legend, lanes } = createHeatmapLayout(data, frame)
      expect(lanes.horizon).toBeLessThan(lanes.eoq)
      expect(lanes.eoqBar).toBeLessThanOrEqual(plot.y)
      expect(plot.y + plot.height).toBeLessThanOrEqual(legend.y)
      expect(legend.y + legend.height).toBeLessThanOrEqual(height)
      expect(plot.x + plot.width).toBeLessThan(width)
    }
  })

  it('gives the cells the height that was asked for', () => {
    const frame = { theme: chartTheme('light'), formatting: fixedFormatting, width: 900 }
    const height = measureHeatmapHeight(small, frame, 200)
    expect(Math.abs(createHeatmapLayout(small, { ...frame, height }).plot.height - 200)).toBeLessThanOrEqual(1)
  })
})

describe('numbers, times and names', () => {
  it('are fixed English in files', () => {
    const at = Date.UTC(2026, 2, 5, 7, 3)
    expect(fixedFormatting.count(1_234_567)).toBe('1,234,567')
    expect(fixedFormatting.value(82.449, '%')).toBe('82.4\u00a0%')
    expect(fixedFormatting.value(80, '')).toBe('80')
    expect(fixedFormatting.value(-0.04, '')).toBe('0')
    expect(fixedFormatting.dayAndYear(at)).toBe('5 March 2026')
    expect(fixedFormatting.time(at)).toBe('07:03')
  })

  it('follow the locale in the window, in UTC', () => {
    const german = localeFormatting('de-DE')
    expect(german.count(10_000)).toBe('10.000')
    expect(german.value(82.44, '%')).toBe('82,4\u00a0%')
    expect([german.value(-0.04, ''), german.value(-0.06, '')]).toEqual(['0', '-0,1'])
    expect(german.dayAndYear(Date.UTC(2026, 2, 31, 23, 59))).toBe('31. März 2026')
  })

  it('are cut at whole characters and cleaned of what breaks markup', () => {
    const measure = (text: string): number => Array.from(text).length
    expect(fitText('database-primary', 9, measure)).toBe('database…')
    expect(fitText('🚀🔥🌍', 2, measure)).toBe('🚀…')
    expect(fitText('short', 9, measure)).toBe('short')
    expect(toPrintable('a\u0000b\nc \ud83d d')).toBe('a b c \ufffd d')
    expect(escapeHtml(`<a href="x">&'`)).toBe('&#60;a href=&#34;x&#34;&#62;&#38;&#39;')
  })
})

/** Pairs of neighbours whose centred texts touch. */
const findOverlaps = (texts: readonly { readonly x: number; readonly text: string }[]): string[] =>
  texts.flatMap(({ x, text }, index) => {
    const next = texts[index + 1]
    if (next === undefined) return []
    const neededWidth = (estimateTextWidth(text, 12) + estimateTextWidth(next.text, 12)) / 2
    return next.x - x > neededWidth ? [] : [`"${text}" and "${next.text}"`]
  })

/** Relative luminance and contrast by WCAG 2.2. */
const luminance = (rgb: readonly number[]): number => {
  const [red = 0, green = 0, blue = 0] = rgb.map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const channelsOf = (color: string): number[] => [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16))

const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(channelsOf(one)), luminance(channelsOf(other))].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

it.each([
  [5 / 24, '5 h'],
  [1, '1 d'],
  [1.25, '30 h'],
  [2, '2 d'],
  [90, '90 d'],
])('%s days are written as %s', (days, text) => {
  expect(daysText(days, String)).toBe(text)
})

it('the curve of savings joins plans by risk, and leaves the packing by forecasts alone', () => {
  const point = (name: string, risk: number, usd: number, isChosen = false, isOnCurve = true) => ({ name, risk, usd, isChosen, isOnCurve })
  const points = [point('5 %', 0.03, 900, true), point('20 %', 0.1, 1200), point('1 %', 0, 700), point('packed', 0.7, 1300, false, false)]
  const chart = { theme: chartTheme('light', { family: 'x', measure: estimateTextWidth }), formatting: fixedFormatting }
  const { series } = createSavingsRiskOption(points, 'risk', (usd) => `$${usd}`, chart)
  expect(series).toMatchObject([
    {
      data: [
        [0, 700],
        [3, 900],
        [10, 1200],
      ],
    },
    { data: [{ symbolSize: 13 }, { symbolSize: 8 }, { symbolSize: 8 }, { symbol: 'diamond', value: [70, 1300] }] },
  ])
})
