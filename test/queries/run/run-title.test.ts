// The title of a run: by the inputs analysed, in any folder layout.
import { expect, it } from 'vitest'
import { createRunTitle } from '../../../src-main/queries/run/describe-run.ts'

it.each([
  [['/data/fleet.parquet'], 'fleet'],
  [['C:\\data\\fleet.parquet'], 'fleet'],
  [['/data/june/part-0.parquet', '/data/june/part-1.parquet'], 'june'],
  [['C:\\data\\june\\part-0.parquet', 'C:\\data\\june\\part-1.parquet'], 'june'],
  [['/data/june/eu/part-0.parquet', '/data/june/us/part-0.parquet'], 'june'],
  [['/data/june/ds=2026-06-01/region=eu/a.parquet', '/data/june/ds=2026-06-02/region=eu/a.parquet'], 'june'],
  [['/data/june/ds=2026-06-01/a.parquet', '/data/june/ds=2026-06-01/b.parquet'], 'june'],
  [['/a.parquet', '/b.parquet'], 'my run'],
  [['/opt/ml/processing/input/data/a.parquet', '/opt/ml/processing/input/data/b.parquet'], 'my run'],
  [[], 'my run'],
])('%j: %s', (inputs, title) => {
  expect(createRunTitle(inputs, '/runs/my run')).toBe(title)
})
