// Estimates the width of text for callers without a font, and cuts text to a width.

/** Width in pixels of one line of text. */
export type TextMeasure = (text: string, size: number, bold?: boolean) => number

/** Approximate widths in em of letter groups in a sans-serif font such as Inter, slightly too wide. */
const characterWidthEm = (character: string): number => {
  if (/[ijl.,:;'|!]/.test(character)) return 0.3
  if (/[frtI()[\] /-]/.test(character)) return 0.42
  if (/[mwMW%@—…]/.test(character)) return 0.95
  if (/[A-Z]/.test(character)) return 0.72
  return (character.codePointAt(0) ?? 0) < 0x1100 ? 0.62 : 1.05
}

export const estimateTextWidth: TextMeasure = (text, size, bold = false) => {
  let em = 0
  for (const character of text) em += characterWidthEm(character)
  return em * size * (bold ? 1.06 : 1)
}

/** The text where it fits, else its beginning with an ellipsis; never splits a surrogate pair. */
export const fitText = (text: string, width: number, measure: (text: string) => number): string => {
  if (measure(text) <= width) return text
  const characters = Array.from(text)
  let fits = 0
  let overflows = characters.length
  while (overflows - fits > 1) {
    const middle = (fits + overflows) >> 1
    if (measure(`${characters.slice(0, middle).join('').trimEnd()}…`) <= width) fits = middle
    else overflows = middle
  }
  return `${characters.slice(0, fits).join('').trimEnd()}…`
}
