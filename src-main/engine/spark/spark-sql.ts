// Converts the engine's SQL to Spark SQL: replaces functions, types and operators that only DuckDB has (decision 12).
import { HeadroomError } from '../../../src-shared/run/errors.ts'

/** Strings, quoted names, comments, blanks, numbers, words, operators of two signs, other signs. */
const tokenPattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\s+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|\/\/|::|<=|>=|<>|./gy

const sparkTypes: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BIT: 'BINARY',
  TIMESTAMPTZ: 'TIMESTAMP',
  HUGEINT: 'DECIMAL(38, 0)',
  'MAP(DOUBLE, DOUBLE)': 'MAP<DOUBLE, DOUBLE>',
}
/** DuckDB rounds to the nearest whole number, ties to even; Spark cuts off. */
const integerTypes = new Set(['INTEGER', 'BIGINT', 'HUGEINT'])

type Render = (args: readonly string[]) => string
const renameFunction =
  (name: string): Render =>
  (args) =>
    `${name}(${args.join(', ')})`

/** Functions with another name or form in Spark; all others mean the same in both. */
const sparkFunctions: Readonly<Record<string, Render>> = {
  quantile_cont: renameFunction('percentile'),
  arg_max: renameFunction('max_by'),
  hash: renameFunction('xxhash64'),
  decode: ([bytes]) => `decode(${bytes}, 'UTF-8')`,
  epoch_us: renameFunction('unix_micros'),
  make_timestamp: renameFunction('timestamp_micros'),
  regexp_matches: renameFunction('regexp_like'),
  epoch: ([time]) => `(unix_micros(${time}) / CAST(1000000 AS DOUBLE))`,
  to_seconds: ([seconds]) => `make_dt_interval(0, 0, 0, ${seconds})`,
  // Bytes, because Spark finds a position in text by scanning its characters.
  get_bit: ([bits, position]) => `CAST(substr(${bits}, ${position} + 1, 1) = X'31' AS INTEGER)`,
  date_diff: ([unit, from, to]) => {
    if (unit === "'second'") return `(unix_seconds(${to}) - unix_seconds(${from}))`
    if (unit === "'day'") return `datediff(CAST(${to} AS DATE), CAST(${from} AS DATE))`
    throw unsupported(`date_diff in ${unit}`)
  },
}

/** Functions that only DuckDB has; a statement with one of them is refused. */
const unsupportedFunctions = new Set([
  'bitstring_agg',
  'list',
  'arg_min',
  'strftime',
  'unnest',
  'generate_series',
  'QUALIFY',
  'EXCLUDE',
  'REPLACE',
  'ANTI',
])

/** One SELECT. For a Spark session in UTC, in ANSI mode with double-quoted identifiers and raw string literals. */
export const toSparkSql = (sql: string): string => convertTokens(tokenize(sql)).trim()

const unsupported = (what: string): HeadroomError => new HeadroomError('internal', `The plan has no Spark form: ${what}.`)

const tokenize = (sql: string): string[] => (sql.match(tokenPattern) ?? []).map((token) => (/^(--|\s)/.test(token) ? ' ' : token))

const convertTokens = (tokens: readonly string[]): string => {
  let sparkSql = ''
  for (let position = 0; position < tokens.length; position++) {
    const token = tokens[position]!
    const isCall = tokens[position + 1] === '('
    if (unsupportedFunctions.has(token)) throw unsupported(token)
    if (token === '//') sparkSql += ' div '
    else if (tokens[position + 1] === '::') {
      if (!/^\d/.test(token)) throw unsupported(`${token}::`)
      sparkSql += `CAST(${token} AS ${sparkTypes[tokens[position + 2]!] ?? tokens[position + 2]})`
      position += 2
    } else if (isCall && /^(TRY_)?CAST$/.test(token)) {
      const end = closingParenthesis(tokens, position + 1)
      sparkSql += renderCast(token, tokens.slice(position + 2, end))
      position = end
    } else if (isCall && sparkFunctions[token] !== undefined) {
      const end = closingParenthesis(tokens, position + 1)
      sparkSql += sparkFunctions[token](splitArguments(tokens.slice(position + 2, end)).map((argument) => convertTokens(argument).trim()))
      position = end
    } else sparkSql += token
  }
  return sparkSql
}

/** Index of the parenthesis that closes the one at `from`. */
const closingParenthesis = (tokens: readonly string[], from: number): number => {
  let depth = 0
  for (let position = from; position < tokens.length; position++) {
    if (tokens[position] === '(') depth++
    if (tokens[position] === ')' && --depth === 0) return position
  }
  throw unsupported('a parenthesis is open')
}

const splitArguments = (tokens: readonly string[]): string[][] => {
  const parts: string[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token === '(') depth++
    if (token === ')') depth--
    if (token === ',' && depth === 0) parts.push([])
    else parts.at(-1)!.push(token)
  }
  return parts
}

const renderCast = (cast: string, tokens: readonly string[]): string => {
  let depth = 0
  let asPosition = -1
  tokens.forEach((token, position) => {
    if (token === '(') depth++
    if (token === ')') depth--
    if (token === 'AS' && depth === 0) asPosition = position
  })
  const value = convertTokens(tokens.slice(0, asPosition)).trim()
  const type = tokens
    .slice(asPosition + 1)
    .join('')
    .trim()
  return `${cast}(${integerTypes.has(type) ? `rint(${value})` : value} AS ${sparkTypes[type] ?? type})`
}
