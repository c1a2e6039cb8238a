// Text in the cells of CSV files and spreadsheets: quoted where CSV needs it, and never run as a formula.

/** A CSV field by RFC 4180, quoted where needed. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** = + - @, also full-width, or a leading tab or line break (OWASP, "CSV Injection"). Numbers are not escaped. */
const formulaPrefix = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

/** Puts an apostrophe before text that a spreadsheet would run as a formula. */
export const escapeFormula = (text: string): string => (formulaPrefix.test(text) ? `'${text}` : text)

/** The same as SQL over a text column. */
export const escapeFormulaSql = (column: string): string =>
  `CASE WHEN regexp_matches(CAST(${column} AS VARCHAR), '^[=+\\-@\\t\\r\\n＝＋－＠]') THEN '''' || ${column} ELSE CAST(${column} AS VARCHAR) END`
