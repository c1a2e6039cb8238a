// samplePoints: a share of every cluster, all outliers, and the same points every time.
import { describe, expect, test } from 'vitest'
import { samplePoints } from '../../src-main/statistics/sample-points.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

const createPoints = (count: number) => {
  const random = seededRandom(7)
  const x = Float64Array.from({ length: count }, () => random() + random())
  const y = Float64Array.from({ length: count }, () => random() + random())
  // A tenth belongs to cluster 1, the others to cluster 0; cluster 2 has ten members.
  const cluster = Int32Array.from({ length: count }, (_, mark) => (mark % 10 === 3 ? 1 : 0))
  for (let mark = 0; mark < 10; mark++) cluster[mark] = 2
  return { x, y, cluster }
}

const countOf = (cluster: Int32Array, marks: Int32Array, number: number): number => marks.filter((mark) => cluster[mark] === number).length

describe('samplePoints', () => {
  test('returns all points below the maximum', () => {
    expect(samplePoints(createPoints(500), 500)).toEqual(Int32Array.from({ length: 500 }, (_, mark) => mark))
  })

  test('draws every cluster by its share, and all points of a small one', () => {
    const points = createPoints(20_000)
    const marks = samplePoints(points, 1000)
    // 20,000 servers: floor(1000 x 1999 / 20,000) = 99 of cluster 1, floor(1000 x 17,991 / 20,000) = 899 of cluster 0, and the ten of cluster 2.
    expect([0, 1, 2].map((number) => countOf(points.cluster, marks, number))).toEqual([899, 99, 10])
    expect([...marks]).toEqual([...new Set(marks)].sort((a, b) => a - b))
    expect(samplePoints(points, 1000)).toEqual(marks)
  })

  test('always draws outliers', () => {
    const points = createPoints(20_000)
    // The crowd lies in 0..2; each of these is alone in its part of the plane.
    for (let mark = 100; mark < 150; mark++) {
      points.x[mark] = 20 + (mark - 100)
      points.y[mark] = 20 + ((mark * 7) % 50)
    }
    const marks = new Set(samplePoints(points, 1000))
    for (let mark = 100; mark < 150; mark++) expect(marks.has(mark)).toBe(true)
  })

  test('draws evenly from points at one position, without dividing by zero', () => {
    const count = 1000
    const points = { x: new Float64Array(count).fill(3), y: new Float64Array(count), cluster: new Int32Array(count) }
    expect(samplePoints(points, 100)).toHaveLength(100)
  })
})
