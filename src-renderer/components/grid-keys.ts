// Keyboard navigation in a grid; row -1 is the header row.

export interface GridPosition {
  readonly row: number
  readonly column: number
}

export interface GridExtent {
  readonly rows: number
  readonly columns: number
  /** Rows that one page holds. */
  readonly pageRows: number
}

interface GridKey {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}

/** null for keys that do not move. */
export const nextGridPosition = (
  { key, ctrlKey, metaKey }: GridKey,
  { row, column }: GridPosition,
  extent: GridExtent,
): GridPosition | null => {
  const jumpsToEdge = ctrlKey || metaKey
  const target = ((): GridPosition | null => {
    switch (key) {
      case 'ArrowDown':
        return { row: row + 1, column }
      case 'ArrowUp':
        return { row: row - 1, column }
      case 'ArrowRight':
        return { row, column: column + 1 }
      case 'ArrowLeft':
        return { row, column: column - 1 }
      case 'PageDown':
        return { row: row + extent.pageRows, column }
      case 'PageUp':
        return { row: Math.max(0, row - extent.pageRows), column }
      case 'Home':
        return jumpsToEdge ? { row: 0, column: 0 } : { row, column: 0 }
      case 'End':
        return jumpsToEdge ? { row: extent.rows - 1, column: extent.columns - 1 } : { row, column: extent.columns - 1 }
      default:
        return null
    }
  })()
  if (target === null) return null
  return {
    row: Math.min(extent.rows - 1, Math.max(-1, target.row)),
    column: Math.min(extent.columns - 1, Math.max(0, target.column)),
  }
}
