// The theme of every chart: colours for light, dark and high contrast, icons of risks and clusters, and the typeface.
import type { RiskLevel } from '../artefacts/server-risk.ts'
import { estimateTextWidth, type TextMeasure } from './text-width.ts'

export type ThemeName = 'light' | 'dark' | 'high-contrast'

export interface ChartFont {
  readonly family: string
  readonly measure: TextMeasure
}

/** Shape and label repeat the meaning of the colour. */
export interface RiskIcon {
  readonly color: string
  readonly outline: string
  readonly shape: 'triangle' | 'diamond' | 'circle'
  readonly label: string
}

export interface ChartTheme {
  readonly name: ThemeName
  readonly background: string
  readonly text: string
  /** Secondary text: subtitles and axis labels. */
  readonly muted: string
  readonly hairline: string
  readonly accent: string
  /** Background of cells without a value. */
  readonly noData: string
  readonly risk: Readonly<Record<RiskLevel, RiskIcon>>
  readonly clusterColors: readonly string[]
  readonly font: ChartFont
}

/** The typeface of the window. Picture files use DejaVu Sans. */
export const windowFont: ChartFont = { family: 'Inter', measure: estimateTextWidth }

const riskIcons = (high: string, medium: string, low: string, outline: string): ChartTheme['risk'] => ({
  high: { color: high, outline, shape: 'triangle', label: 'high' },
  medium: { color: medium, outline, shape: 'diamond', label: 'medium' },
  low: { color: low, outline, shape: 'circle', label: 'low' },
})

/** Okabe and Ito (2008), "Color Universal Design"; and two more colours for the seventh and eighth cluster. */
const okabeIto = {
  blue: '#0072b2',
  orange: '#e69f00',
  green: '#009e73',
  purple: '#cc79a7',
  sky: '#56b4e9',
  vermilion: '#d55e00',
  yellow: '#f0e442',
} as const

const lightClusterColors = [
  okabeIto.blue,
  okabeIto.orange,
  okabeIto.green,
  okabeIto.purple,
  okabeIto.sky,
  okabeIto.vermilion,
  '#4d4d4d',
  '#882255',
]
const darkClusterColors = [
  okabeIto.sky,
  okabeIto.orange,
  okabeIto.green,
  okabeIto.purple,
  okabeIto.yellow,
  okabeIto.vermilion,
  '#bbbbbb',
  '#b0a0ff',
]

const tokens: Readonly<Record<ThemeName, Omit<ChartTheme, 'name' | 'font'>>> = {
  light: {
    background: '#ffffff',
    text: '#1b1f24',
    muted: '#57606a',
    hairline: '#d8dee4',
    accent: '#0b5cad',
    noData: '#eaeef2',
    risk: riskIcons(okabeIto.vermilion, okabeIto.orange, okabeIto.blue, '#1b1f24'),
    clusterColors: lightClusterColors,
  },
  dark: {
    background: '#15181c',
    text: '#e6e9ec',
    muted: '#9da7b1',
    hairline: '#30363d',
    accent: '#6cb6ff',
    noData: '#2b3138',
    risk: riskIcons('#ee7733', okabeIto.orange, okabeIto.sky, '#e6e9ec'),
    clusterColors: darkClusterColors,
  },
  'high-contrast': {
    background: '#000000',
    text: '#ffffff',
    muted: '#ffffff',
    hairline: '#ffffff',
    accent: '#ffe600',
    noData: '#3d3d3d',
    risk: riskIcons('#ff8040', '#ffc800', '#80d0ff', '#ffffff'),
    clusterColors: darkClusterColors,
  },
}

export const chartTheme = (name: ThemeName, font: ChartFont = windowFont): ChartTheme => ({
  name,
  ...tokens[name],
  font,
})

/** Star, plus, cross and inverted triangle as SVG paths; ECharts has no names for them. */
const clusterSymbols = [
  'circle',
  'diamond',
  'triangle',
  'rect',
  'path://M0,-10L2.9,-4L9.5,-3.1L4.7,1.5L5.9,8.1L0,5L-5.9,8.1L-4.7,1.5L-9.5,-3.1L-2.9,-4Z',
  'path://M-3,-10H3V-3H10V3H3V10H-3V3H-10V-3H-3Z',
  'path://M-10,-8H10L0,9Z',
  'path://M-9,-5L-5,-9L0,-4L5,-9L9,-5L4,0L9,5L5,9L0,4L-5,9L-9,5L-4,0Z',
] as const

export interface ClusterStyle {
  readonly color: string
  /** An ECharts symbol: a name or `path://...`. */
  readonly symbol: string
}

/** Colour and symbol of a cluster by its number; the pair repeats only after 64 clusters. */
export const clusterStyle = (theme: ChartTheme, cluster: number): ClusterStyle => {
  const round = Math.floor(cluster / clusterSymbols.length)
  return {
    color: theme.clusterColors[cluster % theme.clusterColors.length] ?? theme.text,
    symbol: clusterSymbols[(cluster + round) % clusterSymbols.length] ?? 'circle',
  }
}
