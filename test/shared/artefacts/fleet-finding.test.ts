// The finding of a fleet in words: how many are likely to run out, by which metric, and how many by probability.
import { expect, test } from 'vitest'
import { describeCounts, describeExpectedCount, describeFinding } from '../../../src-shared/artefacts/fleet-finding.ts'

test.each([
  [{ servers: 329, atRisk: 35, certain: 28 }, '35 of 329 servers are likely to run out by 3 May; 28 are nearly certain'],
  [{ servers: 9, atRisk: 2, certain: 1 }, '2 of 9 servers are likely to run out by 3 May; 1 is nearly certain'],
  [{ servers: 9, atRisk: 2, certain: 2 }, '2 of 9 servers are likely to run out by 3 May; each of them is nearly certain'],
  [{ servers: 9, atRisk: 1, certain: 1 }, '1 of 9 servers is likely to run out by 3 May, which is nearly certain'],
  [{ servers: 1, atRisk: 1, certain: 0 }, '1 of 1 server is likely to run out by 3 May'],
  [{ servers: 9, atRisk: 3, certain: null }, '3 of 9 servers are likely to run out by 3 May'],
])('%o is "%s"', (counts, text) => {
  expect(describeFinding(counts, ' by 3 May', String)).toBe(text)
})

test.each([
  [{ expected: 60.2, low: 43.4, high: 72.2 }, 'about 60 servers run out: 43 to 73'],
  [{ expected: 1.4, low: 0, high: 3 }, 'about 1 server runs out: 0 to 3'],
  [{ expected: 2, low: 2, high: 2 }, '2 servers run out'],
  [{ expected: 0.3, low: 0, high: 1 }, '0 to 1 server runs out'],
])('the interval %o is rounded outwards and states its mean', (range, text) => {
  const counted = `With less likely ones, ${text} in 9 of 10 cases (90\u00a0% interval).`
  expect(describeExpectedCount(range, null, String)).toBe(counted)
  expect(describeExpectedCount(range, 0, String)).toBe(counted)
  expect(describeExpectedCount(range, 1, String)).toBe(`${counted} Nearly certain means a probability of 90\u00a0% or more.`)
})

test('servers by metric come before the interval; what the run does not know is left out', () => {
  const byMetric = [
    { name: 'disk', atRisk: 0 },
    { name: 'cpu_p95', atRisk: 28 },
    { name: 'mem_p95', atRisk: 18 },
  ]
  expect(describeCounts({ servers: 9, certain: 1, byMetric, bySeveral: 0, byNone: 0, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory.',
  )
  expect(describeCounts({ servers: 9, certain: 1, byMetric, bySeveral: 11, byNone: 0, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 11 of these of both.',
  )
  // Two metrics at 0.4 each: 0.64 for one or the other, so that the server is likely to run out of neither but of one of them.
  const two = byMetric.slice(1)
  expect(describeCounts({ servers: 99, certain: 1, byMetric: two, bySeveral: 11, byNone: 2, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 11 of these of both, 2 more of either.',
  )
  expect(describeCounts({ servers: 99, certain: 1, byMetric, bySeveral: 0, byNone: 2, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 2 more of one of them.',
  )
  const three = [...byMetric, { name: 'net_p95', atRisk: 1 }]
  expect(describeCounts({ servers: 9, certain: 1, byMetric: three, bySeveral: 2, byNone: 0, range: null }, String)).toContain(
    '; 2 of these of more than one.',
  )
  expect(
    describeCounts(
      {
        servers: 9,
        certain: 1,
        byMetric: [{ name: 'mem_p95', atRisk: 1 }],
        bySeveral: 0,
        byNone: 0,
        range: { expected: 1.2, low: 1, high: 2 },
      },
      String,
    ),
  ).toBe(`1 runs out of memory. ${describeExpectedCount({ expected: 1.2, low: 1, high: 2 }, 1, String)}`)
  expect(
    describeCounts(
      {
        servers: 9,
        certain: 1,
        byMetric: [
          { name: 'mem_p95', atRisk: 2 },
          { name: 'mem_max', atRisk: 1 },
        ],
        bySeveral: 0,
        byNone: 0,
        range: null,
      },
      String,
    ),
  ).toBe('2 run out of memory P95, 1 of memory max.')
  expect(describeCounts({ servers: 9, certain: 1, byMetric: [], bySeveral: 0, byNone: 0, range: null }, String)).toBe('')
  expect(
    describeCounts({ servers: 1, certain: 1, byMetric: [], bySeveral: 0, byNone: 0, range: { expected: 0.3, low: 0, high: 1 } }, String),
  ).toBe('')
})
