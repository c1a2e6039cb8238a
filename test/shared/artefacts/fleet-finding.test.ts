// The finding of a fleet in words: how many are likely to run out, and how many by probability.
import { expect, test } from 'vitest'
import { describeExpectedCount, describeFinding } from '../../../src-shared/artefacts/fleet-finding.ts'

test.each([
  [
    {
      servers: 329,
      atRisk: 35,
      certain: 28,
      byMetric: [
        { name: 'cpu', atRisk: 28 },
        { name: 'disk', atRisk: 0 },
        { name: 'mem', atRisk: 18 },
      ],
    },
    '35 of 329 servers are likely to run out by 3 May, 28 of them nearly certain; 28 by cpu, 18 by mem',
  ],
  [{ servers: 9, atRisk: 2, certain: 2, byMetric: [] }, '2 of 9 servers are likely to run out by 3 May, all of them nearly certain'],
  [{ servers: 9, atRisk: 1, certain: 1, byMetric: [] }, '1 of 9 servers is likely to run out by 3 May, which is nearly certain'],
  [{ servers: 1, atRisk: 1, certain: 0, byMetric: [] }, '1 of 1 server is likely to run out by 3 May'],
  [{ servers: 9, atRisk: 3, certain: null, byMetric: [] }, '3 of 9 servers are likely to run out by 3 May'],
])('%o is "%s"', (counts, text) => {
  expect(describeFinding(counts, ' by 3 May', String)).toBe(text)
})

test.each([
  [{ low: 43.4, high: 72.2 }, '43 to 73 will run out'],
  [{ low: 2, high: 2 }, '2 will run out'],
])('the interval %o is rounded outwards', (range, text) => {
  expect(describeExpectedCount(range, String)).toBe(`Counting every server by its probability, ${text} (90\u00a0% interval).`)
})
