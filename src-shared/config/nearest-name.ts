// The name most like one that was not found, for "did you mean".

/** Least edit distance without case; undefined where nothing is close (more than half of the letters differ). */
export const findNearestName = (input: string, names: readonly string[]): string | undefined => {
  let nearest: string | undefined
  let minDistance = Math.max(2, Math.floor(input.length / 2)) + 1
  for (const name of names) {
    const distance = editDistance(input.toLowerCase(), name.toLowerCase())
    if (distance < minDistance) {
      minDistance = distance
      nearest = name
    }
  }
  return nearest
}

/** Levenshtein distance. */
const editDistance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]!
}
