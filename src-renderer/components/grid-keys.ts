// Where a key leads in a grid. Row -1 is the headings.

export interface GridPlace {
  readonly row: number
  readonly column: number
}

export interface GridExtent {
  readonly rows: number
  readonly columns: number
  /** Rows that one page holds. */
  readonly page: number
}

interface GridKey {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}

/** null for keys that do not move. */
export const gridTarget = ({ key, ctrlKey, metaKey }: GridKey, { row, column }: GridPlace, extent: GridExtent): GridPlace | null => {
  const isFar = ctrlKey || metaKey
  const moved = ((): GridPlace | null => {
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
        return { row: row + extent.page, column }
      case 'PageUp':
        return { row: Math.max(0, row - extent.page), column }
      case 'Home':
        return isFar ? { row: 0, column: 0 } : { row, column: 0 }
      case 'End':
        return isFar ? { row: extent.rows - 1, column: extent.columns - 1 } : { row, column: extent.columns - 1 }
      default:
        return null
    }
  })()
  if (moved === null) return null
  return {
    row: Math.min(extent.rows - 1, Math.max(-1, moved.row)),
    column: Math.min(extent.columns - 1, Math.max(0, moved.column)),
  }
}
