// Labels of quarter ends and holidays above the cells: where each fits without touching another.
import type { TimeMark } from './chart-data.ts'
import { fitText } from './text-width.ts'

export interface PlacedMark {
  readonly mark: TimeMark
  /** The mark's label, perhaps cut. */
  readonly label: string
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
  readonly label: string
  readonly fromX: number
  readonly toX: number
  readonly width: number
  /** Left edges of the label, the best first. */
  readonly candidates: readonly number[]
}

/** Takes for each mark in turn the first candidate that is free. */
const choose = (wishes: readonly Wish[], plot: Span, taken: readonly Span[]): readonly PlacedMark[] => {
  const occupied = [...taken]
  return wishes.map(({ mark, label, fromX, toX, width, candidates }) => {
    const labelX = candidates.find(
      (x) => x >= plot.from && x + width <= plot.to && occupied.every((span) => x + width + gap <= span.from || x >= span.to + gap),
    )
    if (labelX !== undefined) occupied.push({ from: labelX, to: labelX + width })
    return { mark, label, fromX, toX, labelX: labelX ?? null }
  })
}

const named = (placed: readonly PlacedMark[]): number => placed.filter(({ labelX }) => labelX !== null).length

/** Labels are whole, or cut to these widths where more marks get a name that way. */
const widths = [Number.POSITIVE_INFINITY, 110, 80]

/**
 * Places the marks inside `plot`. Labels avoid one another and `taken`; each would sit above the middle of its mark,
 * else start or end with it or a little beyond. Where that leaves one out, all move left as far as they may, then long
 * ones are cut; the way that names most marks wins.
 */
export const placeMarks = (
  marks: readonly TimeMark[],
  plot: Span,
  xOf: (timeMs: number) => number,
  widthOf: (label: string) => number,
  taken: readonly Span[] = [],
): readonly PlacedMark[] => {
  const wish = (mark: TimeMark, most: number): Wish => {
    const fromX = Math.max(plot.from, xOf(mark.fromMs))
    const toX = Math.min(plot.to, xOf(mark.toMs))
    const label = fitText(mark.label, most, widthOf)
    const width = widthOf(label)
    const candidates = [(fromX + toX - width) / 2, fromX, toX - width, fromX + gap + 1, toX - width - gap - 1]
    return { mark, label, fromX, toX, width, candidates }
  }
  const leftmost = (wished: Wish): Wish => ({ ...wished, candidates: [...wished.candidates].sort((a, b) => a - b) })
  let best: readonly PlacedMark[] = []
  for (const most of widths) {
    const wishes = marks.map((mark) => wish(mark, most)).filter(({ fromX, toX }) => toX > fromX)
    for (const ordered of [wishes, wishes.map(leftmost)]) {
      const placed = choose(ordered, plot, taken)
      if (best.length === 0 || named(placed) > named(best)) best = placed
      if (named(best) === wishes.length) return best
    }
  }
  return best
}
