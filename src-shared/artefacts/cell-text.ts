// Text in the cells of CSV files and spreadsheets: quoted where CSV needs it, never run as a formula, marks of direction visible.

/** A CSV field by RFC 4180, quoted where needed. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Excel reads a CSV file as UTF-8 only where it begins with this mark. */
export const byteOrderMark = '\uFEFF'

/** = + - @, also full-width (OWASP, "CSV Injection"). */
const formulaCharacters = String.raw`=+\-@＝＋－＠`

/** A text that starts like a formula, or with a tab or line break. Apostrophes before it count, so that escaping can be undone. */
const firstFormula = `^('*[${formulaCharacters}\\t\\r\\n])`

/** Spreadsheets of other locales split at ; or tab, also inside of a quoted field: what follows starts a cell. */
const laterFormula = `([,;|\\t\\r\\n]["']*)([${formulaCharacters}])`

const firstFormulaPattern = new RegExp(firstFormula)
const laterFormulaPattern = new RegExp(laterFormula, 'g')

/** Puts an apostrophe before what a spreadsheet would run as a formula. Numbers are not escaped. */
export const escapeFormula = (text: string): string => text.replace(firstFormulaPattern, "'$1").replace(laterFormulaPattern, "$1'$2")

/** The same as SQL over a text column. */
export const escapeFormulaSql = (column: string): string =>
  `regexp_replace(regexp_replace(${column}, '${quoted(firstFormula)}', '''\\1'), '${quoted(laterFormula)}', '\\1''\\2', 'g')`

/** Undoes `escapeFormulaSql`. */
export const unescapeFormulaSql = (column: string): string =>
  `regexp_replace(regexp_replace(${column}, '${quoted(escapedFirst)}', '\\1'), '${quoted(escapedLater)}', '\\1\\2', 'g')`

const escapedFirst = firstFormula.replace('^', "^'")
const escapedLater = laterFormula.replace(')(', ")'(")

const quoted = (pattern: string): string => pattern.replaceAll("'", "''")

/** Marks that change the direction in which text is shown, and so can make one name look like another. */
const directionMarks = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].map((code) => ({
  mark: String.fromCodePoint(code),
  name: `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`,
}))

const anyDirectionMark = new RegExp(`[${directionMarks.map(({ mark }) => mark).join('')}]`)

/** Writes each mark of direction as its name, such as <U+202E>. */
export const showDirectionMarks = (text: string): string =>
  anyDirectionMark.test(text) ? directionMarks.reduce((shown, { mark, name }) => shown.replaceAll(mark, name), text) : text

const showDirectionMarksSql = (column: string): string =>
  directionMarks.reduce((sql, { mark, name }) => `replace(${sql}, '${mark}', '${name}')`, column)

/** Text as a cell of a CSV file shows it. */
export const csvCellText = (text: string): string => escapeFormula(showDirectionMarks(text))

/** The same as SQL over a text column. */
export const csvCellTextSql = (column: string): string => escapeFormulaSql(showDirectionMarksSql(column))

/** One line of a CSV file without its line break. Only text can hold a formula; `isNumber`: columns whose text is numbers. */
export const csvLine = (cells: readonly unknown[], isNumber?: readonly boolean[]): string =>
  cells.map((cell, column) => csvCell(cell, isNumber?.[column] === true)).join(',')

const csvCell = (cell: unknown, isNumber: boolean): string => {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'string') return isNumber ? cell : csvField(csvCellText(cell))
  return csvField(JSON.stringify(cell))
}
