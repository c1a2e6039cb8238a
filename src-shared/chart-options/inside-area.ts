// Whether a mark of a chart lies inside a line that was drawn around it.

export type Corner = readonly [x: number, y: number]

/** Even-odd rule; a line of fewer than three corners holds nothing. */
export const isInside = (x: number, y: number, area: readonly Corner[]): boolean => {
  let inside = false
  let [lastX, lastY] = area.at(-1) ?? [0, 0]
  for (const [cornerX, cornerY] of area) {
    if (cornerY > y !== lastY > y && x < ((lastX - cornerX) * (y - cornerY)) / (lastY - cornerY) + cornerX) inside = !inside
    lastX = cornerX
    lastY = cornerY
  }
  return inside
}
