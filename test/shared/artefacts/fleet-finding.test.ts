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

const interval = 'in 9 of 10 cases (90\u00a0% interval).'

test.each([
  [{ expected: 58.7, low: 49.2, high: 72.2 }, 46, 'The smaller chances of the other 283 add about 13: 59 in all, 49 to 73'],
  [{ expected: 27.6, low: 27, high: 29 }, 28, 'In all, about 28 servers run out, 27 to 29'],
  [{ expected: 1.4, low: 0, high: 3 }, 1, 'In all, about 1 server runs out, 0 to 3'],
  [{ expected: 2, low: 2, high: 2 }, 2, 'In all, 2 servers run out'],
  [{ expected: 0.3, low: 0, high: 1 }, 1, 'In all, 0 to 1 server runs out'],
])('the interval %o of %d likely servers is rounded outwards and states its mean', (range, atRisk, text) => {
  const counts = { servers: 329, atRisk, certain: 0 }
  expect(describeExpectedCount(range, counts, String)).toBe(`${text} ${interval}`)
  expect(describeExpectedCount(range, { ...counts, certain: 1 }, String)).toBe(
    `${text} ${interval} Nearly certain means a probability of 90\u00a0% or more.`,
  )
})

test('where forecasts decide about risk, others may be likely: nothing is said of them', () => {
  expect(describeExpectedCount({ expected: 58.7, low: 49.2, high: 72.2 }, { servers: 329, atRisk: 46, certain: null }, String)).toBe(
    `In all, about 59 servers run out, 49 to 73 ${interval}`,
  )
})

test('servers by metric come before the interval; what the run does not know is left out', () => {
  const byMetric = [
    { name: 'disk', atRisk: 0 },
    { name: 'cpu_p95', atRisk: 28 },
    { name: 'mem_p95', atRisk: 18 },
  ]
  expect(describeCounts({ servers: 9, atRisk: 1, certain: 1, byMetric, bySeveral: 0, byNone: 0, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory.',
  )
  expect(describeCounts({ servers: 9, atRisk: 1, certain: 1, byMetric, bySeveral: 11, byNone: 0, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 11 of these of both.',
  )
  // Two metrics at 0.4 each: 0.64 for one or the other, so that the server is likely to run out of neither but of one of them.
  const two = byMetric.slice(1)
  expect(describeCounts({ servers: 99, atRisk: 1, certain: 1, byMetric: two, bySeveral: 11, byNone: 2, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 11 of these of both, 2 more of either.',
  )
  expect(describeCounts({ servers: 99, atRisk: 1, certain: 1, byMetric, bySeveral: 0, byNone: 2, range: null }, String)).toBe(
    '28 run out of CPU, 18 of memory; 2 more of one of them.',
  )
  const three = [...byMetric, { name: 'net_p95', atRisk: 1 }]
  expect(describeCounts({ servers: 9, atRisk: 1, certain: 1, byMetric: three, bySeveral: 2, byNone: 0, range: null }, String)).toContain(
    '; 2 of these of more than one.',
  )
  expect(
    describeCounts(
      {
        servers: 9,
        atRisk: 3,
        certain: 1,
        byMetric: [{ name: 'mem_p95', atRisk: 1 }],
        bySeveral: 0,
        byNone: 0,
        range: { expected: 1.2, low: 1, high: 2 },
      },
      String,
    ),
  ).toBe(
    `1 runs out of memory. ${describeExpectedCount({ expected: 1.2, low: 1, high: 2 }, { servers: 9, atRisk: 1, certain: 1 }, String)}`,
  )
  expect(
    describeCounts(
      {
        servers: 9,
        atRisk: 3,
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
  expect(describeCounts({ servers: 9, atRisk: 1, certain: 1, byMetric: [], bySeveral: 0, byNone: 0, range: null }, String)).toBe('')
  expect(
    describeCounts(
      { servers: 1, atRisk: 1, certain: 1, byMetric: [], bySeveral: 0, byNone: 0, range: { expected: 0.3, low: 0, high: 1 } },
      String,
    ),
  ).toBe('')
})
