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

/** The nearest name, if it is probably the one that was meant: a typing error, swapped letters, or one name within the other. */
export const findCloseName = (input: string, names: readonly string[]): string | undefined => {
  const [even, ...others] = [input, ...names].map(evenName)
  const contained = names.find(
    (_, i) => Math.min(even!.length, others[i]!.length) >= 6 && (others[i]!.includes(even!) || even!.includes(others[i]!)),
  )
  const nearest = contained ?? findNearestName(input, names)
  if (nearest === undefined || nearest === contained) return nearest
  const letters = (name: string): string => name.split('').sort().join('')
  if (letters(even!) === letters(evenName(nearest))) return nearest
  return editDistance(even!, evenName(nearest)) <= Math.max(1, Math.floor(nearest.length / 5)) ? nearest : undefined
}

/** A name without differences of case, blanks and punctuation: "Monthly Cost USD" reads as `monthly_cost_usd`. */
export const evenName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')

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
