// The text of docs/figures.md: every figure of a run with its formula, code and test.
import { z } from 'zod'
import {
  capacityFigures,
  flaggedFigures,
  modelAccuracyFigures,
  recommendationFigures,
  serverRiskFigures,
  summaryFigures,
} from './figure-sources.mjs'

const introduction = `# Where each figure comes from

\`npm run docs:figures\` writes this page from \`src-shared/artefacts\` and \`scripts/figures/figure-sources.mjs\`. A test fails where a key has no entry.
[Methods](methods.md) explains the formulas, and [run format](run-format.md) the files. The command \`headroom query RUN "SELECT ..."\` reads any of them.
`

const heading = `| column | type | meaning and unit | formula | code | test |
|---|---|---|---|---|---|
`

/** @type {(text: string) => string} */
const cell = (text) => text.replaceAll('|', '\\|')

/** @type {(path: string, label?: string) => string} */
const link = (path, label = path.slice(path.lastIndexOf('/') + 1)) => `[\`${label}\`](../${path})`

/** @type {(name: string, type: string, meaning: string, source: import('./figure-sources.mjs').FigureSource) => string} */
const row = (name, type, meaning, { formula, code, test }) => {
  const [file = '', symbol = ''] = code.split('#')
  return `| \`${name}\` | ${cell(type)} | ${cell(meaning)} | ${cell(formula)} | ${link(file, symbol)} | ${link(test)} |\n`
}

/**
 * The parts of a JSON Schema that name, type and describe a value.
 * @typedef {object} JsonSchema
 * @property {string | readonly string[]} [type]
 * @property {string} [description]
 * @property {JsonSchema} [items]
 * @property {Readonly<Record<string, JsonSchema>>} [properties]
 * @property {readonly JsonSchema[]} [anyOf]
 */

/** The schema of a value that is not null. @type {(schema: JsonSchema) => JsonSchema} */
const withoutNull = (schema) => schema.anyOf?.find(({ type }) => type !== 'null') ?? schema

/** A JSON Schema type in one word; what may be empty has a question mark. @type {(schema: JsonSchema) => string} */
const typeName = (schema) => {
  const types = (schema.anyOf ?? [schema]).flatMap(({ type = [], items }) =>
    [type].flat().map((name) => (name === 'array' ? `list of ${[items?.type ?? []].flat().join(' or ')}` : name)),
  )
  return [...new Set(types)].filter((name) => name !== 'null').join(' or ') + (types.includes('null') ? '?' : '')
}

/** @typedef {{ readonly path: string, readonly type: string, readonly meaning: string | undefined }} Figure */

/** Every value below a schema, by its path; lists of objects as `name[]`. @type {(schema: JsonSchema, path?: string) => readonly Figure[]} */
const leavesOf = (schema, path = '') => {
  const value = withoutNull(schema)
  if (value.properties !== undefined) {
    return Object.entries(value.properties).flatMap(([key, property]) => leavesOf(property, path === '' ? key : `${path}.${key}`))
  }
  if (value.items?.properties !== undefined) return leavesOf(value.items, `${path}[]`)
  return [{ path, type: typeName(schema), meaning: schema.description }]
}

/** @type {(schema: z.ZodObject) => readonly Figure[]} */
export const figuresOf = (schema) => leavesOf(/** @type {JsonSchema} */ (z.toJSONSchema(schema, { io: 'output' })))

/**
 * One row per value of the schema.
 * @type {(file: string, schema: z.ZodObject, sources: Readonly<Record<string, import('./figure-sources.mjs').FigureSource>>) => string}
 */
const schemaRows = (file, schema, sources) =>
  figuresOf(schema)
    .map(({ path, type, ...described }) => {
      const source = sources[path]
      if (source === undefined) throw new Error(`scripts/figures/figure-sources.mjs lacks ${path} of ${file}.`)
      const meaning = source.meaning ?? described.meaning
      if (meaning === undefined) throw new Error(`The schema of ${file} does not describe ${path}.`)
      return row(path, type, meaning, source)
    })
    .join('')

/** @typedef {{ readonly serverRisk: z.ZodObject, readonly summary: z.ZodObject, readonly recommendations: z.ZodObject, readonly modelAccuracy: z.ZodObject, readonly capacity: z.ZodObject }} FigureSchemas */

/** @type {(schemas: FigureSchemas) => string} */
export const figuresPage = ({ serverRisk, summary, recommendations, modelAccuracy, capacity }) => {
  const flagged = Object.entries(flaggedFigures).map(([name, source]) => row(name, 'added', source.meaning ?? '', source))
  return `${introduction}
## server_risk.parquet
One row per server and metric. A question mark marks a column that may be empty.

${heading}${schemaRows('server_risk.parquet', serverRisk, serverRiskFigures)}
## risk_flagged_forecasts.parquet
Every input row and column, in the order of the input, and these columns.

${heading}${flagged.join('')}
## module_05_summary.json
Totals are counted over servers, never over rows. \`[]\` marks the entries of a list.

${heading}${schemaRows('module_05_summary.json', summary, summaryFigures)}
## optimization_recommendations.json

${heading}${schemaRows('optimization_recommendations.json', recommendations, recommendationFigures)}
## model_accuracy.json

${heading}${schemaRows('model_accuracy.json', modelAccuracy, modelAccuracyFigures)}
## capacity.json
A cluster or host needs a row of its hosts in the servers table.

${heading}${schemaRows('capacity.json', capacity, capacityFigures)}`
}
