// The engine's SQL in the words of Spark: the same statement, with DuckDB's own functions, types and operators replaced (decision 12).
import { HeadroomError } from '../../../src-shared/errors.ts'

/** Strings, quoted names, comments, blanks, numbers, words, operators of two signs, other signs. */
const tokenPattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\s+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|\/\/|::|<=|>=|<>|./gy

const types: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BIT: 'BINARY',
  TIMESTAMPTZ: 'TIMESTAMP',
  HUGEINT: 'DECIMAL(38, 0)',
}
/** DuckDB rounds to the nearest whole number, ties to even; Spark cuts off. */
const wholeTypes = new Set(['INTEGER', 'BIGINT', 'HUGEINT'])

type Render = (args: readonly string[]) => string
const renamed =
  (name: string): Render =>
  (args) =>
    `${name}(${args.join(', ')})`

/** Functions that Spark has under another name or in another shape; all others mean the same in both. */
const functions: Readonly<Record<string, Render>> = {
  quantile_cont: renamed('percentile'),
  arg_max: renamed('max_by'),
  hash: renamed('xxhash64'),
  epoch_us: renamed('unix_micros'),
  make_timestamp: renamed('timestamp_micros'),
  regexp_matches: renamed('regexp_like'),
  epoch: ([time]) => `(unix_micros(${time}) / CAST(1000000 AS DOUBLE))`,
  to_seconds: ([seconds]) => `make_dt_interval(0, 0, 0, ${seconds})`,
  // Of bytes: in a text the place would be counted off letter by letter.
  get_bit: ([bits, place]) => `CAST(substr(${bits}, ${place} + 1, 1) = X'31' AS INTEGER)`,
  date_diff: ([unit, from, to]) => {
    if (unit === "'second'") return `(unix_seconds(${to}) - unix_seconds(${from}))`
    if (unit === "'day'") return `datediff(CAST(${to} AS DATE), CAST(${from} AS DATE))`
    throw unknown(`date_diff in ${unit}`)
  },
}

/** Words that only DuckDB understands: a statement with one of them has no Spark form yet. */
const strangers = new Set([
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
export const toSparkSql = (sql: string): string => convert(tokensOf(sql)).trim()

const unknown = (what: string): HeadroomError => new HeadroomError('internal', `The plan has no Spark form: ${what}.`)

const tokensOf = (sql: string): string[] => (sql.match(tokenPattern) ?? []).map((token) => (/^(--|\s)/.test(token) ? ' ' : token))

const convert = (tokens: readonly string[]): string => {
  let out = ''
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    const isCall = tokens[at + 1] === '('
    if (strangers.has(token)) throw unknown(token)
    if (token === '//') out += ' div '
    else if (tokens[at + 1] === '::') {
      if (!/^\d/.test(token)) throw unknown(`${token}::`)
      out += `CAST(${token} AS ${types[tokens[at + 2]!] ?? tokens[at + 2]})`
      at += 2
    } else if (isCall && /^(TRY_)?CAST$/.test(token)) {
      const end = closing(tokens, at + 1)
      out += renderCast(token, tokens.slice(at + 2, end))
      at = end
    } else if (isCall && functions[token] !== undefined) {
      const end = closing(tokens, at + 1)
      out += functions[token](argumentsOf(tokens.slice(at + 2, end)).map((argument) => convert(argument).trim()))
      at = end
    } else out += token
  }
  return out
}

/** Place of the parenthesis that closes the one at `from`. */
const closing = (tokens: readonly string[], from: number): number => {
  let depth = 0
  for (let at = from; at < tokens.length; at++) {
    if (tokens[at] === '(') depth++
    if (tokens[at] === ')' && --depth === 0) return at
  }
  throw unknown('a parenthesis is open')
}

const argumentsOf = (tokens: readonly string[]): string[][] => {
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
  let as = -1
  tokens.forEach((token, at) => {
    if (token === '(') depth++
    if (token === ')') depth--
    if (token === 'AS' && depth === 0) as = at
  })
  const value = convert(tokens.slice(0, as)).trim()
  const type = tokens
    .slice(as + 1)
    .join('')
    .trim()
  return `${cast}(${wholeTypes.has(type) ? `rint(${value})` : value} AS ${types[type] ?? type})`
}
