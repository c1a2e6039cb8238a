// Positions the labels of quarter ends and holidays above the cells without overlap.
import type { TimeMark } from './chart-data.ts'
import { fitText } from './text-width.ts'

export interface PositionedMark {
  readonly mark: TimeMark
  /** The mark's label, possibly cut. */
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

interface LabelRequest {
  readonly mark: TimeMark
  readonly label: string
  readonly fromX: number
  readonly toX: number
  readonly width: number
  /** Possible left edges of the label, best first. */
  readonly candidates: readonly number[]
}

/** Assigns each mark, in order, its first free candidate. */
const positionLabels = (requests: readonly LabelRequest[], plot: Span, reserved: readonly Span[]): readonly PositionedMark[] => {
  const occupied = [...reserved]
  return requests.map(({ mark, label, fromX, toX, width, candidates }) => {
    const labelX = candidates.find(
      (x) => x >= plot.from && x + width <= plot.to && occupied.every((span) => x + width + gap <= span.from || x >= span.to + gap),
    )
    if (labelX !== undefined) occupied.push({ from: labelX, to: labelX + width })
    return { mark, label, fromX, toX, labelX: labelX ?? null }
  })
}

const countLabelled = (positioned: readonly PositionedMark[]): number => positioned.filter(({ labelX }) => labelX !== null).length

/** Labels are cut to these widths where this labels more marks. */
const widths = [Number.POSITIVE_INFINITY, 110, 80]

/**
 * Positions the marks inside `plot`. Labels avoid each other and `reserved`. A label is centred above its mark, or starts or
 * ends near it. If one does not fit, all move left, then long ones are cut; the variant with the most labels wins.
 */
export const positionMarks = (
  marks: readonly TimeMark[],
  plot: Span,
  xOf: (timeMs: number) => number,
  widthOf: (label: string) => number,
  reserved: readonly Span[] = [],
): readonly PositionedMark[] => {
  const createRequest = (mark: TimeMark, maxWidth: number): LabelRequest => {
    const fromX = Math.max(plot.from, xOf(mark.fromMs))
    const toX = Math.min(plot.to, xOf(mark.toMs))
    const label = fitText(mark.label, maxWidth, widthOf)
    const width = widthOf(label)
    const candidates = [(fromX + toX - width) / 2, fromX, toX - width, fromX + gap + 1, toX - width - gap - 1]
    return { mark, label, fromX, toX, width, candidates }
  }
  const preferLeftmost = (request: LabelRequest): LabelRequest => ({
    ...request,
    candidates: [...request.candidates].sort((a, b) => a - b),
  })
  let best: readonly PositionedMark[] = []
  for (const maxWidth of widths) {
    const requests = marks.map((mark) => createRequest(mark, maxWidth)).filter(({ fromX, toX }) => toX > fromX)
    for (const ordered of [requests, requests.map(preferLeftmost)]) {
      const positioned = positionLabels(ordered, plot, reserved)
      if (best.length === 0 || countLabelled(positioned) > countLabelled(best)) best = positioned
      if (countLabelled(best) === requests.length) return best
    }
  }
  return best
}
