// Projects points on their first two principal components.

export interface Projection {
  /** Score of each point; NaN where there are fewer features than components. */
  readonly pc1: Float64Array
  readonly pc2: Float64Array
  /** Share of the points' variance that each component holds. */
  readonly explained: readonly number[]
  /** Per component a weight for each feature, of length 1. */
  readonly loadings: readonly (readonly number[])[]
}

const components = 2
/** Jacobi's method converges long before. */
const maxSweeps = 50

/**
 * Centred points, projected on the directions of largest variance. The sign of a component is chosen so that its weight of largest
 * magnitude (the first of equals) is positive.
 */
export const projectOnComponents = (points: readonly (readonly number[])[]): Projection => {
  const width = points[0]?.length ?? 0
  const means = Array.from({ length: width }, (_, feature) => points.reduce((sum, point) => sum + point[feature]!, 0) / points.length)
  const { values, vectors } = eigenDecomposition(covariances(points, means))
  const total = values.reduce((sum, value) => sum + value, 0)
  const loadings = vectors.slice(0, components).map(orientPositive)
  const scores = (component: number): Float64Array => {
    const weights = loadings[component]
    if (weights === undefined) return new Float64Array(points.length).fill(Number.NaN)
    return Float64Array.from(points, (point) =>
      weights.reduce((sum, weight, feature) => sum + weight * (point[feature]! - means[feature]!), 0),
    )
  }
  return {
    pc1: scores(0),
    pc2: scores(1),
    explained: values.slice(0, components).map((value) => (total > 0 ? value / total : 0)),
    loadings,
  }
}

const covariances = (points: readonly (readonly number[])[], means: readonly number[]): number[][] =>
  means.map((_, row) =>
    means.map(
      (_, column) =>
        points.reduce((sum, point) => sum + (point[row]! - means[row]!) * (point[column]! - means[column]!), 0) / points.length,
    ),
  )

const orientPositive = (vector: readonly number[]): number[] => {
  const maxWeight = Math.max(...vector.map(Math.abs))
  const leading = vector.find((weight) => Math.abs(weight) >= maxWeight - 1e-9) ?? 1
  return vector.map((weight) => (leading < 0 ? -weight : weight))
}

/** Eigenvalues in descending order and eigenvectors of a small symmetric matrix. Cyclic Jacobi rotations (Golub and Van Loan, 8.5). */
const eigenDecomposition = (symmetric: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } => {
  const size = symmetric.length
  const matrix = symmetric.map((row) => [...row])
  // Rows are the eigenvectors.
  const vectors = matrix.map((_, row) => matrix.map((_, column) => (row === column ? 1 : 0)))
  const scale = Math.max(...matrix.flat().map(Math.abs), 0)
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let rotated = false
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(matrix[p]![q]!) <= 1e-15 * scale) continue
        rotate(matrix, vectors, p, q)
        rotated = true
      }
    }
    if (!rotated) break
  }
  const order = matrix.map((_, index) => index).sort((a, b) => matrix[b]![b]! - matrix[a]![a]! || a - b)
  return { values: order.map((index) => Math.max(0, matrix[index]![index]!)), vectors: order.map((index) => vectors[index]!) }
}

/** Rotates p and q so that their covariance becomes 0. */
const rotate = (matrix: number[][], vectors: number[][], p: number, q: number): void => {
  const theta = (matrix[q]![q]! - matrix[p]![p]!) / (2 * matrix[p]![q]!)
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  const rotateColumns = (row: number[], a: number, b: number): void => {
    const [first, second] = [row[a]!, row[b]!]
    row[a] = cosine * first - sine * second
    row[b] = sine * first + cosine * second
  }
  for (const row of matrix) rotateColumns(row, p, q)
  rotateRows(matrix, p, q, cosine, sine)
  rotateRows(vectors, p, q, cosine, sine)
}

const rotateRows = (rows: number[][], p: number, q: number, cosine: number, sine: number): void => {
  const [first, second] = [rows[p]!, rows[q]!]
  rows[p] = first.map((value, column) => cosine * value - sine * second[column]!)
  rows[q] = first.map((value, column) => sine * value + cosine * second[column]!)
}
