// Inter, shipped with the app: one variable file per script, known to the page before anything is drawn.
import latin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url'
import latinExtended from '@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2?url'
import cyrillic from '@fontsource-variable/inter/files/inter-cyrillic-wght-normal.woff2?url'
import greek from '@fontsource-variable/inter/files/inter-greek-wght-normal.woff2?url'
import { windowFont } from '../../src-shared/chart-options/theme.ts'

const latinRange =
  'U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD'

/** Ranges as the typeface's own style sheet states them; a script's file is read when a letter of it is first drawn. */
const ranges: readonly (readonly [string, string])[] = [
  [latin, latinRange],
  [
    latinExtended,
    'U+0100-0130, U+0132-0151, U+0154-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF',
  ],
  [cyrillic, 'U+0301, U+0400-045F, U+0490-0491, U+04B0-04B1, U+2116'],
  [greek, 'U+0370-0377, U+037A-037F, U+0384-038A, U+038C, U+038E-03A1, U+03A3-03FF'],
]

/** Charts measure text when they are laid out, so Latin letters are waited for. */
export const loadTypeface = async (): Promise<void> => {
  for (const [url, unicodeRange] of ranges) {
    document.fonts.add(new FontFace(windowFont.family, `url(${url})`, { weight: '100 900', unicodeRange }))
  }
  await document.fonts.load(`13px ${windowFont.family}`)
}
