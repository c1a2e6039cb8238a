// Columns in layers: each is computed once per row and may use those of the layers before it.

/** Rows with further columns; the order of the rows is kept. */
export const withColumns = (rows: string, ...layers: readonly string[]): string =>
  layers.reduce((from, columns) => `SELECT *, ${columns} FROM (${from})`, rows)
