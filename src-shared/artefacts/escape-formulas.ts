// Escapes text that a spreadsheet would run as a formula, by a leading apostrophe.

/** = + - @, also full-width, or a leading tab or line break (OWASP, "CSV Injection"). Numbers are not escaped. */
const formulaPrefix = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

export const escapeFormula = (text: string): string => (formulaPrefix.test(text) ? `'${text}` : text)

/** The same as SQL over a text column. */
export const escapeFormulaSql = (column: string): string =>
  `CASE WHEN regexp_matches(CAST(${column} AS VARCHAR), '^[=+\\-@\\t\\r\\n＝＋－＠]') THEN '''' || ${column} ELSE CAST(${column} AS VARCHAR) END`
