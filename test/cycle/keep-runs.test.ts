// Retention worked by hand: the latest runs stay, and of earlier months the last run.
import { expect, test } from 'vitest'
import { findExpired } from '../../src-main/cycle/keep-runs.ts'

const runs = ['2026-01-10', '2026-01-31', '2026-02-14', '2026-02-28', '2026-03-01', '2026-03-02'].map((start) => ({ name: start, start }))

test.each([
  [{ latest: 6, months: 0 }, []],
  [{ latest: 9, months: 2 }, []],
  [{ latest: 2, months: 0 }, ['2026-01-10', '2026-01-31', '2026-02-14', '2026-02-28']],
  [{ latest: 2, months: 1 }, ['2026-01-10', '2026-01-31', '2026-02-14']],
  [{ latest: 2, months: 5 }, ['2026-01-10', '2026-02-14']],
  // The first of March is the last of its month among the earlier ones.
  [{ latest: 1, months: 2 }, ['2026-01-10', '2026-01-31', '2026-02-14']],
])('%j', (keep, expired) => {
  expect(findExpired(runs, keep)).toEqual(expired)
})
