// SageMaker DeepAR's batch transform: a line of its output belongs to the same line of its input, which names server and start.
import { basename } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { literal, type Database } from '../../database/database.ts'
import type { ForecastFile } from '../forecast-files.ts'
import { InputQuestionError } from '../input-question.ts'
import { assertKeysOnce, isTooLargeObject, jsonObjectsSql, jsonPointer, textColumn } from './json-documents.ts'
import { namedQuantile } from './quantile-columns.ts'
import { isBatchInput, isBatchOutput, joinedKey } from './text-header.ts'

/** Rows as text columns `c1`, `c2` and so on, and `__file`. */
export interface BatchForecasts {
  readonly files: readonly ForecastFile[]
  readonly names: readonly string[]
  readonly relation: string
}

interface BatchFiles {
  readonly batches: readonly BatchForecasts[]
  /** Files of other contents. */
  readonly others: readonly ForecastFile[]
}

/** `step`: of the setting `batch_step`. Throws input-unclear, input-text-unreadable. */
export const openBatchTransforms = async (
  database: Database,
  files: readonly ForecastFile[],
  step: string | undefined,
): Promise<BatchFiles> => {
  const read = await Promise.all(
    files.map(async (file) => ({ file, keys: file.format === 'json' ? await firstKeys(database, file, '') : [] })),
  )
  const outputs = read.filter(({ keys }) => isBatchOutput(keys))
  if (outputs.length === 0) return { batches: [], others: files }
  const inputs = read.filter((entry) => isBatchInput(entry.keys) && !outputs.includes(entry))
  const batches: BatchForecasts[] = []
  for (const output of outputs) {
    const input = output.keys.includes(joinedKey) ? output : inputOf(output.file, inputs, outputs.length)
    if (input === undefined) {
      throw new HeadroomError(
        'input-unclear',
        `${output.file.name} names neither servers nor times: its lines are those of the transform's input.`,
        {
          next: 'Name the input as well: --batch-input FILE.',
        },
      )
    }
    batches.push(await openBatch(database, output.file, input, parseStep(step, output.file.name)))
  }
  const taken = new Set([...outputs, ...inputs])
  return { batches, others: read.filter((entry) => !taken.has(entry)).map(({ file }) => file) }
}

interface ReadFile {
  readonly file: ForecastFile
  readonly keys: readonly string[]
}

/** SageMaker names the output after its input, with `.out` behind. */
const inputOf = (output: ForecastFile, inputs: readonly ReadFile[], outputs: number): ReadFile | undefined => {
  const named = inputs.find(({ file }) => `${basename(file.path)}.out` === basename(output.path))
  return named ?? (inputs.length === 1 && outputs === 1 ? inputs[0] : undefined)
}

const firstKeys = async (database: Database, file: ForecastFile, path: string): Promise<string[]> => {
  try {
    const [first] = await database.rows(
      `SELECT CASE WHEN json_type(json, ${literal(path)}) = 'OBJECT' THEN json_keys(json, ${literal(path)}) END AS keys FROM ${jsonObjectsSql([file])} LIMIT 1`,
      z.object({ keys: z.array(z.string()).nullable() }),
    )
    return first?.keys ?? []
  } catch (thrown) {
    // A document of one large object is no line of a batch transform.
    if (isTooLargeObject(thrown)) return []
    throw thrown
  }
}

interface BatchStep {
  readonly count: number
  readonly unit: 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH'
}

const units: Readonly<Record<string, BatchStep['unit']>> = { min: 'MINUTE', h: 'HOUR', d: 'DAY', w: 'WEEK', m: 'MONTH' }

/** As DeepAR's `time_freq`. */
const parseStep = (step: string | undefined, name: string): BatchStep => {
  const [, count, unit = ''] = /^(\d*)(min|[hdwm])$/i.exec(step ?? '') ?? []
  if (count !== undefined) return { count: count === '' ? 1 : Number(count), unit: units[unit.toLowerCase()]! }
  throw new InputQuestionError(`In which steps does ${name} look ahead: --batch-step D, --batch-step H, or another time_freq of DeepAR?`, [
    { label: 'Days', settings: { batch_step: 'D' } },
    { label: 'Hours', settings: { batch_step: 'H' } },
  ])
}

/** Keys of the input that describe no series by themselves. */
const seriesKeys = new Set(['start', 'target', 'cat', 'dynamic_feat', joinedKey])

const openBatch = async (database: Database, output: ForecastFile, input: ReadFile, step: BatchStep): Promise<BatchForecasts> => {
  const isJoined = input.file === output
  const path = isJoined ? `/${joinedKey}` : ''
  if (!isJoined) await assertEqualLines(database, output, input.file)
  const objectsOf = (...pointers: readonly string[]): string =>
    `[${pointers.map((pointer) => `json_keys(json, ${literal(pointer)})`).join(', ')}]`
  await assertKeysOnce(
    database,
    output,
    `SELECT unnest(${objectsOf('', path, `${path}/quantiles`)}) AS keys FROM ${jsonObjectsSql([output])}`,
  )
  if (!isJoined) await assertKeysOnce(database, input.file, `SELECT json_keys(json) AS keys FROM ${jsonObjectsSql([input.file])}`)
  const keys = await firstKeys(database, output, path)
  const quantileKeys = keys.includes('quantiles') ? await firstKeys(database, output, `${path}/quantiles`) : []
  const quantiles = quantileKeys.filter((key) => namedQuantile({ column: key }) !== undefined)
  const lists = [
    ...(keys.includes('mean') ? [{ name: 'mean', pointer: `${path}/mean` }] : []),
    ...quantiles.map((key) => ({ name: key, pointer: `${path}/quantiles${jsonPointer(key)}` })),
  ]
  if (lists.length === 0) {
    throw new HeadroomError('input-text-unreadable', `${output.name} holds neither means nor quantiles.`, {
      next: 'Ask for them: "output_types": ["mean", "quantiles"].',
    })
  }
  const given = input.keys.filter((key) => !seriesKeys.has(key))
  const numbered = (file: ForecastFile): string => `(SELECT row_number() OVER () AS line, json, __file FROM ${jsonObjectsSql([file])})`
  const lengthOf = (json: string, pointer: string): string => `CAST(json_array_length(${json}, ${literal(pointer)}) AS BIGINT)`
  const time = `TRY_CAST(start AS TIMESTAMP) + INTERVAL ${step.count} ${step.unit} * CAST(measured + step AS INTEGER)`
  const columns = [
    ...given.map((key) => `input.json->>${literal(jsonPointer(key))}`),
    ...lists.map(({ pointer }) => `unnest(CAST(output.json->${literal(pointer)} AS VARCHAR[]))`),
  ].map((sql, index) => `${sql} AS ${textColumn(index)}`)
  const relation = `(
    SELECT * EXCLUDE (line, step, start, measured), strftime(${time}, '%Y-%m-%dT%H:%M:%S') AS ${textColumn(columns.length)} FROM (
      SELECT ${columns.join(', ')}, unnest(range(${lengthOf('output.json', lists[0]!.pointer)})) AS step,
             input.json->>'/start' AS start, ${lengthOf('input.json', '/target')} AS measured, output.line AS line, output.__file AS __file
      FROM ${numbered(output)} output JOIN ${numbered(input.file)} input USING (line)
    ) ORDER BY line, step)`
  return { files: [output], names: [...given, ...lists.map(({ name }) => name), 'timestamp'], relation }
}

/** Throws input-text-unreadable. */
const assertEqualLines = async (database: Database, output: ForecastFile, input: ForecastFile): Promise<void> => {
  const { outputs, inputs } = await database.row(
    `SELECT CAST((SELECT count(*) FROM ${jsonObjectsSql([output])}) AS DOUBLE) AS outputs, CAST((SELECT count(*) FROM ${jsonObjectsSql([input])}) AS DOUBLE) AS inputs`,
    z.object({ outputs: z.number(), inputs: z.number() }),
  )
  if (outputs === inputs) return
  throw new HeadroomError(
    'input-text-unreadable',
    `${output.name} has ${outputs.toLocaleString('en-US')} lines, but its input ${input.name} has ${inputs.toLocaleString('en-US')}.`,
    { next: 'Name the input of this very transform: --batch-input FILE.' },
  )
}
