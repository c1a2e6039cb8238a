// The theme in use: resolves "system", hands the chart tokens to the style sheet, and measures text as it is drawn.
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { chartTheme, type ChartTheme, type ThemeName, windowFont } from '../../src-shared/chart-options/theme.ts'
import type { TextMeasure } from '../../src-shared/chart-options/text-width.ts'
import type { ThemeChoice } from '../../src-shared/config/settings.ts'

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

/** More contrast, asked of the system, wins over light and dark. */
export const useTheme = (choice: ThemeChoice): ChartTheme => {
  const isDark = useMediaQuery('(prefers-color-scheme: dark)')
  const prefersContrast = useMediaQuery('(prefers-contrast: more)')
  const baseName = choice === 'system' ? (isDark ? 'dark' : 'light') : choice
  const name: ThemeName = prefersContrast ? 'high-contrast' : baseName
  const theme = useMemo(() => chartTheme(name, { family: windowFont.family, measure }), [name])
  useEffect(() => applyTokens(theme), [theme])
  return theme
}

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
