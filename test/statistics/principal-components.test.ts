// projectOnComponents: by hand, and compared with scikit-learn.
import { describe, expect, test } from 'vitest'
import { projectOnComponents } from '../../src-main/statistics/principal-components.ts'
import { points, reference } from '../fixtures/sixteen-servers.ts'

describe('projectOnComponents', () => {
  test('equals scikit-learn, including signs', () => {
    const { pc1, pc2, explained, loadings } = projectOnComponents(points)
    reference.explained.forEach((share, component) => expect(explained[component]).toBeCloseTo(share, 12))
    reference.loadings.forEach((weights, component) =>
      weights.forEach((weight, feature) => expect(loadings[component]![feature]).toBeCloseTo(weight, 9)),
    )
    reference.firstScores.forEach(([first, second], server) => {
      expect(pc1[server]).toBeCloseTo(first, 9)
      expect(pc2[server]).toBeCloseTo(second, 9)
    })
  })

  test('projects three points on a line, by hand', () => {
    // The mean is (4, 5) and the direction (3, 4) / 5: the scores are -5, 0 and 5, and one component holds all variance.
    const { pc1, pc2, explained } = projectOnComponents([
      [1, 1],
      [4, 5],
      [7, 9],
    ])
    expect([...pc1]).toEqual([-5, 0, 5].map((score) => expect.closeTo(score, 9)))
    expect([...pc2]).toEqual([0, 0, 0].map((score) => expect.closeTo(score, 9)))
    expect(explained).toEqual([expect.closeTo(1, 9), expect.closeTo(0, 9)])
  })

  test('has NaN scores where there are fewer features than components', () => {
    const one = projectOnComponents([[1], [3]])
    expect([...one.pc1]).toEqual([-1, 1])
    expect([...one.pc2]).toEqual([Number.NaN, Number.NaN])
    expect([...projectOnComponents([[], []]).pc1]).toEqual([Number.NaN, Number.NaN])
    expect(projectOnComponents([]).pc1).toHaveLength(0)
  })
})
