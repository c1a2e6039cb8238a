// The current theme: resolves "system", writes the colours as CSS variables, loads the typeface and measures text.
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { cividisColor } from '../../src-shared/chart-options/cividis.ts'
import { chartTheme, type ChartTheme, type ThemeName, windowFont } from '../../src-shared/chart-options/theme.ts'
import type { TextMeasure } from '../../src-shared/chart-options/text-width.ts'
import type { ThemeChoice } from '../../src-shared/config/settings.ts'
import latin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url'
import latinExtended from '@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2?url'
import cyrillic from '@fontsource-variable/inter/files/inter-cyrillic-wght-normal.woff2?url'
import greek from '@fontsource-variable/inter/files/inter-greek-wght-normal.woff2?url'

const context = document.createElement('canvas').getContext('2d')

const measure: TextMeasure = (text, size, bold = false) => {
  if (context === null) return windowFont.measure(text, size, bold)
  context.font = `${bold ? 'bold ' : ''}${size}px ${windowFont.family}, sans-serif`
  return context.measureText(text).width
}

const useMediaQuery = (query: string): boolean =>
  useSyncExternalStore(
    (notify) => {
      const list = matchMedia(query)
      list.addEventListener('change', notify)
      return () => list.removeEventListener('change', notify)
    },
    () => matchMedia(query).matches,
  )

/** The system's preference for more contrast wins over light and dark. */
export const useTheme = (choice: ThemeChoice): ChartTheme => {
  const isDark = useMediaQuery('(prefers-color-scheme: dark)')
  const prefersContrast = useMediaQuery('(prefers-contrast: more)')
  const baseName = choice === 'system' ? (isDark ? 'dark' : 'light') : choice
  const name: ThemeName = prefersContrast ? 'high-contrast' : baseName
  const theme = useMemo(() => chartTheme(name, { family: windowFont.family, measure }), [name])
  useEffect(() => applyTokens(theme), [theme])
  return theme
}

/** Background and text colour of a cell. Cividis lightens monotonically: dark text above its middle, light text below. */
export const cividisStyle = (share: number): { background: string; color: string } => ({
  background: cividisColor(share),
  color: share > 0.45 ? '#000000' : '#ffffff',
})

const applyTokens = (theme: ChartTheme): void => {
  const { style, dataset } = document.documentElement
  dataset['theme'] = theme.name
  style.colorScheme = theme.name === 'light' ? 'light' : 'dark'
  const tokens = {
    background: theme.background,
    text: theme.text,
    muted: theme.muted,
    hairline: theme.hairline,
    accent: theme.accent,
    ground: theme.noData,
    'risk-high': theme.risk.high.color,
    'risk-medium': theme.risk.medium.color,
    'risk-low': theme.risk.low.color,
  }
  for (const [name, value] of Object.entries(tokens)) style.setProperty(`--${name}`, value)
}

const latinRange =
  'U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD'

/** Unicode ranges from the typeface's style sheet; a file is loaded when one of its letters is first drawn. */
const ranges: readonly (readonly [string, string])[] = [
  [latin, latinRange],
  [
    latinExtended,
    'U+0100-0130, U+0132-0151, U+0154-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF',
  ],
  [cyrillic, 'U+0301, U+0400-045F, U+0490-0491, U+04B0-04B1, U+2116'],
  [greek, 'U+0370-0377, U+037A-037F, U+0384-038A, U+038C, U+038E-03A1, U+03A3-03FF'],
]

/** Waits for the Latin letters, because charts measure text for their layout. */
export const loadTypeface = async (): Promise<void> => {
  for (const [url, unicodeRange] of ranges) {
    document.fonts.add(new FontFace(windowFont.family, `url(${url})`, { weight: '100 900', unicodeRange }))
  }
  await document.fonts.load(`13px ${windowFont.family}`)
}
