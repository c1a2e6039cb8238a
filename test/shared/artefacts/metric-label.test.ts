// Metric names as readers see them.
import { expect, test } from 'vitest'
import { metricLabel, metricName, resourceLabel, resourceName } from '../../../src-shared/artefacts/metric-label.ts'

test.each([
  ['cpu_p95', 'CPU P95', 'CPU P95'],
  ['mem_p95', 'memory P95', 'Memory P95'],
  ['disk_used_pct', 'disk used percent', 'Disk used percent'],
  ['memory', 'memory', 'Memory'],
  ['CPUUtilization', 'CPUUtilization', 'CPUUtilization'],
  ['node.load-1', 'node.load-1', 'node.load-1'],
  ['cpu__p95', 'cpu__p95', 'cpu__p95'],
  ['constructor', 'constructor', 'Constructor'],
])('%s', (metric, name, label) => {
  expect([metricName(metric), metricLabel(metric)]).toEqual([name, label])
})

test.each([
  ['mem_p95', 'memory', 'Memory'],
  ['disk_used_max', 'disk used', 'Disk used'],
  ['p95', 'P95', 'P95'],
  ['Cpu_p95', 'Cpu_p95', 'Cpu_p95'],
])('the resource of %s', (metric, name, label) => {
  expect([resourceName(metric), resourceLabel(metric)]).toEqual([name, label])
})
