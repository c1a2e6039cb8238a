// Labels of quarter ends and holidays above the cells: where each fits without touching another.
import type { TimeMark } from './chart-data.ts'

export interface PlacedMark {
  readonly mark: TimeMark
  /** Visible part of the mark, pixels. */
  readonly fromX: number
  readonly toX: number
  /** Left edge of its label; null where none fits. */
  readonly labelX: number | null
}

export interface Span {
  readonly from: number
  readonly to: number
}

const gap = 8

/**
 * Places the marks inside `plot`. Labels avoid one another and `taken`; each tries to sit above the middle of its mark,
 * then to start or end with it, then a little beyond, in order of time.
 */
export const placeMarks = (
  marks: readonly TimeMark[],
  plot: Span,
  xOf: (timeMs: number) => number,
  widthOf: (label: string) => number,
  taken: readonly Span[] = [],
): readonly PlacedMark[] => {
  const occupied = [...taken]
  return marks.flatMap((mark) => {
    const fromX = Math.max(plot.from, xOf(mark.fromMs))
    const toX = Math.min(plot.to, xOf(mark.toMs))
    if (toX <= fromX) return []
    const width = widthOf(mark.label)
    const candidates = [(fromX + toX - width) / 2, fromX, toX - width, fromX + gap + 1, toX - width - gap - 1]
    const labelX = candidates.find(
      (x) =>
        x >= plot.from &&
        x + width <= plot.to &&
        occupied.every((span) => x + width + gap <= span.from || x >= span.to + gap),
    )
    if (labelX !== undefined) occupied.push({ from: labelX, to: labelX + width })
    return [{ mark, fromX, toX, labelX: labelX ?? null }]
  })
}
