// The typeface of the picture files, DejaVu Sans from the resources, and how wide its text is.
import { readFileSync } from 'node:fs'
import type { TextMeasure } from '../../../src-shared/chart-options/text-width.ts'
import type { ChartFont } from '../../../src-shared/chart-options/theme.ts'
import { type AdvanceOf, readAdvances } from './font-widths.ts'
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
