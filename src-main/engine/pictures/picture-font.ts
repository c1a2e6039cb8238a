// The typeface of the pictures, DejaVu Sans, with its advance widths from the font's tables (OpenType 1.9: cmap, head, hhea, hmtx).
import { readFileSync } from 'node:fs'
import type { TextMeasure } from '../../../src-shared/chart-options/text-width.ts'
import type { ChartFont } from '../../../src-shared/chart-options/theme.ts'
import { resourcePath } from '../../run-folder/resource-path.ts'

export interface PictureFont extends ChartFont {
  readonly files: readonly string[]
}

export const loadPictureFont = (): PictureFont => {
  const regularFile = resourcePath('fonts', 'DejaVuSans.ttf')
  const boldFile = resourcePath('fonts', 'DejaVuSans-Bold.ttf')
  const regular: AdvanceOf = readAdvances(readFileSync(regularFile))
  const boldAdvances: AdvanceOf = readAdvances(readFileSync(boldFile))
  const measure: TextMeasure = (text, size, bold = false) => {
    const advanceOf = bold ? boldAdvances : regular
    let em = 0
    for (const character of text) em += advanceOf(character.codePointAt(0) ?? 0)
    return em * size
  }
  return { family: 'DejaVu Sans', measure, files: [regularFile, boldFile] }
}

type AdvanceOf = (codePoint: number) => number

const tableAt = (font: DataView, tag: string): number => {
  const tables = font.getUint16(4)
  for (let index = 0; index < tables; index++) {
    const record = 12 + index * 16
    const name = String.fromCharCode(...[0, 1, 2, 3].map((byte) => font.getUint8(record + byte)))
    if (name === tag) return font.getUint32(record + 8)
  }
  throw new Error(`The font has no ${tag} table.`)
}

/** Glyph of a code point by the segments of a format 12 subtable: first, last, first glyph. */
const readGlyphs = (font: DataView): ((codePoint: number) => number) => {
  const cmap = tableAt(font, 'cmap')
  const subtables = font.getUint16(cmap + 2)
  for (let index = 0; index < subtables; index++) {
    const subtable = cmap + font.getUint32(cmap + 4 + index * 8 + 4)
    if (font.getUint16(subtable) !== 12) continue
    const groups = font.getUint32(subtable + 12)
    return (codePoint) => {
      let low = 0
      let high = groups - 1
      while (low <= high) {
        const middle = (low + high) >> 1
        const group = subtable + 16 + middle * 12
        if (codePoint < font.getUint32(group)) high = middle - 1
        else if (codePoint > font.getUint32(group + 4)) low = middle + 1
        else return font.getUint32(group + 8) + codePoint - font.getUint32(group)
      }
      return 0
    }
  }
  throw new Error('The font has no full Unicode character map.')
}

/** Widths in em; a character that the font lacks has the width of its empty box. Kerning is ignored. */
const readAdvances = (bytes: Uint8Array): AdvanceOf => {
  const font = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const unitsPerEm = font.getUint16(tableAt(font, 'head') + 18)
  const metrics = font.getUint16(tableAt(font, 'hhea') + 34)
  const hmtx = tableAt(font, 'hmtx')
  const glyphOf = readGlyphs(font)
  const cache = new Map<number, number>()
  return (codePoint) => {
    const cached = cache.get(codePoint)
    if (cached !== undefined) return cached
    const advance = font.getUint16(hmtx + Math.min(glyphOf(codePoint), metrics - 1) * 4) / unitsPerEm
    cache.set(codePoint, advance)
    return advance
  }
}
