// The text of docs/figures.md: every figure of a run with its formula, code and test.
import { z } from 'zod'
import { calibrationFigures, coverageFigures, fleetFigures, flaggedFigures, serverRiskFigures } from './figure-sources.mjs'

const introduction = `# Where each figure comes from

\`npm run docs:figures\` writes this page from the schemas and from \`scripts/figures/figure-sources.mjs\`. A test keeps it complete.
[Methods](methods.md) explains the formulas, and [run format](run-format.md) the files. The command \`headroom query RUN "SELECT ..."\` reads any of them.
`

const heading = `| column | type | meaning and unit | formula | code | test |
|---|---|---|---|---|---|
`

/** @type {(text: string) => string} */
const cell = (text) => text.replaceAll('|', '\\|')

/** @type {(path: string, label?: string) => string} */
const link = (path, label = path.slice(path.lastIndexOf('/') + 1)) => `[\`${label}\`](../${path})`

/** @type {(name: string, type: string, source: import('./figure-sources.mjs').FigureSource) => string} */
const row = (name, type, { meaning, formula, code, test }) => {
  const [file = '', symbol = ''] = code.split('#')
  return `| \`${name}\` | ${cell(type)} | ${cell(meaning)} | ${cell(formula)} | ${link(file, symbol)} | ${link(test)} |\n`
}

/** @typedef {{ readonly type?: string | readonly string[], readonly items?: { readonly type?: string } }} JsonType */

/** A JSON Schema type in one word; what may be empty has a question mark. @type {(schema: JsonType) => string} */
const typeName = ({ type = [], items }) => {
  const types = [type].flat()
  const names = types.filter((name) => name !== 'null').map((name) => (name === 'array' ? `list of ${items?.type}` : name))
  return names.join(' or ') + (types.includes('null') ? '?' : '')
}

/** @type {(schema: z.ZodObject) => readonly (readonly [name: string, type: string])[]} */
const columnsOf = (schema) => {
  const { properties = {} } = z.toJSONSchema(schema)
  return Object.entries(properties).map(([name, property]) => {
    const { anyOf } = /** @type {{ anyOf?: readonly JsonType[] }} */ (property)
    const [value, ...others] = anyOf ?? [/** @type {JsonType} */ (property)]
    return [name, typeName({ ...value, type: [value, ...others].flatMap((choice) => choice?.type ?? []) })]
  })
}

/**
 * One row per key of the schema.
 * @type {(file: string, schema: z.ZodObject, sources: Readonly<Record<string, import('./figure-sources.mjs').FigureSource>>) => string}
 */
const schemaRows = (file, schema, sources) =>
  columnsOf(schema)
    .map(([name, type]) => {
      const source = sources[name]
      if (source === undefined) throw new Error(`scripts/figures/figure-sources.mjs lacks ${name} of ${file}.`)
      return row(name, type, source)
    })
    .join('')

/** @type {(schemas: { readonly serverRisk: z.ZodObject, readonly calibration: z.ZodObject, readonly coverage: z.ZodObject }) => string} */
export const figuresPage = (schemas) => {
  const serverRisk = schemaRows('server_risk.parquet', schemas.serverRisk, serverRiskFigures)
  const calibration = schemaRows('calibration', schemas.calibration, calibrationFigures)
  const coverage = schemaRows('coverage', schemas.coverage, coverageFigures)
  const flagged = Object.entries(flaggedFigures).map(([name, source]) => row(name, 'added', source))
  const fleet = Object.entries(fleetFigures).map(([name, source]) => row(name, 'key', source))
  return `${introduction}
## server_risk.parquet
One row per server and metric. A question mark marks a column that may be empty.

${heading}${serverRisk}
## risk_flagged_forecasts.parquet
Every input row and column, in the input's order, and these columns.

${heading}${flagged.join('')}
## The fleet
Totals are counted over servers, never over rows.

${heading}${fleet.join('')}
## model_accuracy.json: calibration

${heading}${calibration}
## model_accuracy.json: coverage

${heading}${coverage}`
}
