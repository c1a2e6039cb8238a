// Frames of pandas as one JSON object: `to_json` writes columns of labelled values by default, and rows in a list or by label where asked.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { literal, type Database } from '../../database/database.ts'
import type { ForecastFile } from '../forecast-files.ts'
import { jsonObjectsSql, jsonPointer, textColumn, type JsonForm } from './json-documents.ts'

/** The values of `orient` with which pandas writes one object. */
export const frameForms = ['columns', 'index', 'split', 'table'] as const
type FrameForm = (typeof frameForms)[number]

export interface JsonFrame {
  readonly form: FrameForm
  readonly names: readonly string[]
}

/** The values of an object, whatever their keys. */
const valuesSql = (json: string): string => `json_extract(${json}, '$.*')`

/** SQL over `json` and its `keys`; NULL where the object is a row. Rows are numbered, and columns are not: so the two are told apart. */
export const frameFormSql = `CASE
  WHEN list_sort(keys) = ['data', 'schema'] THEN 'table'
  WHEN list_contains(keys, 'columns') AND list_contains(keys, 'data') AND len(list_filter(keys, lambda k: k NOT IN ('columns', 'index', 'data'))) = 0 THEN 'split'
  WHEN len(list_filter(${valuesSql('json')}, lambda v: json_type(v) <> 'OBJECT')) > 0 THEN NULL
  WHEN len(keys) > 1 AND regexp_full_match(json_keys(${valuesSql('json')}[1])[1], '[0-9]+') THEN 'columns'
  WHEN regexp_full_match(keys[1], '[0-9]+') THEN 'index' END`

const namesSql: Readonly<Record<FrameForm, string>> = {
  columns: 'json_keys(json)',
  index: `json_keys(${valuesSql('json')}[1])`,
  split: `CAST(json->'/columns' AS VARCHAR[])`,
  table: `list_transform(CAST(json->'/schema/fields' AS JSON[]), lambda field: field->>'/name')`,
}

/** Throws input-text-unreadable where columns have other labels than the first. */
export const frameNames = async (database: Database, file: ForecastFile, objects: JsonForm, form: FrameForm): Promise<string[]> => {
  const labels = `len(list_distinct(list_transform(${valuesSql('json')}, lambda v: json_keys(v))))`
  const { names, labelings } = await database.row(
    `SELECT ${namesSql[form]} AS names, ${form === 'columns' ? `CAST(${labels} AS DOUBLE)` : 'CAST(1 AS DOUBLE)'} AS labelings FROM ${jsonObjectsSql([file], objects)} LIMIT 1`,
    z.object({ names: z.array(z.string()), labelings: z.number() }),
  )
  if (labelings > 1) {
    throw new HeadroomError('input-text-unreadable', `The columns of ${file.name} have different row labels.`, {
      next: "Write one object per row: to_json(orient='records', lines=True).",
    })
  }
  return names
}

/** Rows of `keys`: those of each object that names columns. */
export const frameKeysQuery = (objects: string, { form }: JsonFrame): string => {
  const rows = form === 'index' ? valuesSql('json') : form === 'table' ? `CAST(json->'/data' AS JSON[])` : 'CAST([] AS JSON[])'
  return `SELECT unnest([json_keys(json)] || list_transform(${rows}, lambda row: json_keys(row))) AS keys FROM ${objects}`
}

/** Rows as text columns `c1`, `c2` and so on, and `__file`. */
export const frameRowsQuery = (objects: string, { form, names }: JsonFrame): string => {
  if (form === 'columns') {
    const values = names.map((name, index) => `unnest(${valuesSql(`json->${literal(jsonPointer(name))}`)}) AS v${index}`)
    const texts = names.map((_, index) => `v${index}->>'$' AS ${textColumn(index)}`)
    return `SELECT ${[...texts, '__file'].join(', ')} FROM (SELECT ${[...values, '__file'].join(', ')} FROM ${objects})`
  }
  const rows = form === 'index' ? valuesSql('json') : `CAST(json->'/data' AS JSON[])`
  const cell = (name: string, index: number): string => literal(form === 'split' ? `/${index}` : jsonPointer(name))
  const texts = names.map((name, index) => `row->>${cell(name, index)} AS ${textColumn(index)}`)
  return `SELECT ${[...texts, '__file'].join(', ')} FROM (SELECT unnest(${rows}) AS row, __file FROM ${objects})`
}
