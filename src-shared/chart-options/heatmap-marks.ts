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

interface Wish {
  readonly mark: TimeMark
  readonly fromX: number
  readonly toX: number
  readonly width: number
  /** Left edges of the label, the best first. */
  readonly candidates: readonly number[]
}

/** Takes for each mark in turn the first candidate that is free. */
const choose = (wishes: readonly Wish[], plot: Span, taken: readonly Span[]): readonly PlacedMark[] => {
  const occupied = [...taken]
  return wishes.map(({ mark, fromX, toX, width, candidates }) => {
    const labelX = candidates.find(
      (x) =>
        x >= plot.from &&
        x + width <= plot.to &&
        occupied.every((span) => x + width + gap <= span.from || x >= span.to + gap),
    )
    if (labelX !== undefined) occupied.push({ from: labelX, to: labelX + width })
    return { mark, fromX, toX, labelX: labelX ?? null }
  })
}

const named = (placed: readonly PlacedMark[]): number => placed.filter(({ labelX }) => labelX !== null).length

/**
 * Places the marks inside `plot`. Labels avoid one another and `taken`; each would sit above the middle of its mark,
 * else start or end with it or a little beyond. Where that leaves one out, all move left as far as they may, which
 * names as many as possible.
 */
export const placeMarks = (
  marks: readonly TimeMark[],
  plot: Span,
  xOf: (timeMs: number) => number,
  widthOf: (label: string) => number,
  taken: readonly Span[] = [],
): readonly PlacedMark[] => {
  const wishes = marks.flatMap((mark): Wish[] => {
    const fromX = Math.max(plot.from, xOf(mark.fromMs))
    const toX = Math.min(plot.to, xOf(mark.toMs))
    const width = widthOf(mark.label)
    const candidates = [(fromX + toX - width) / 2, fromX, toX - width, fromX + gap + 1, toX - width - gap - 1]
    return toX > fromX ? [{ mark, fromX, toX, width, candidates }] : []
  })
  const preferred = choose(wishes, plot, taken)
  if (named(preferred) === wishes.length) return preferred
  const leftmost = wishes.map((wish) => ({ ...wish, candidates: [...wish.candidates].sort((a, b) => a - b) }))
  const packed = choose(leftmost, plot, taken)
  return named(packed) > named(preferred) ? packed : preferred
}
