// Headings between the rows of a grid: a line of the grid is a heading or a row.

export interface GridSection {
  readonly title: string
  readonly note: string
  /** Number of rows below the heading. */
  readonly rows: number
}

export type GridLine =
  | { readonly kind: 'row'; readonly index: number }
  | { readonly kind: 'section'; readonly section: GridSection; readonly position: number }

export interface GridLines {
  readonly count: number
  readonly at: (line: number) => GridLine
  readonly lineOf: (row: number) => number
}

/** Without sections a line is a row. */
export const createGridLines = (total: number, sections: readonly GridSection[]): GridLines => {
  const starts: number[] = []
  let rows = 0
  for (const [position, section] of sections.entries()) {
    starts.push(rows + position)
    rows += section.rows
  }
  /** Number of headings at or above the line. */
  const headingsUpTo = (line: number): number => {
    const next = starts.findIndex((start) => start > line)
    return next < 0 ? starts.length : next
  }
  return {
    count: total + sections.length,
    at: (line) => {
      const headings = headingsUpTo(line)
      const section = sections[headings - 1]
      return section !== undefined && starts[headings - 1] === line
        ? { kind: 'section', section, position: headings - 1 }
        : { kind: 'row', index: line - headings }
    },
    lineOf: (row) => {
      const next = starts.findIndex((start, position) => start - position > row)
      return row + (next < 0 ? starts.length : next)
    },
  }
}
