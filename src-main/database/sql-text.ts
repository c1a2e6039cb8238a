// A path that stands for itself where DuckDB expects a pattern: `run[1]` must never be read as `run1`.
export const escapeGlob = (path: string): string => path.replace(/[*?[]/g, '[$&]')
