// Whether a mark of a chart lies inside a line that was drawn around it.

export type PolygonPoint = readonly [x: number, y: number]

/** Even-odd rule; a line of fewer than three corners holds nothing. */
export const isPointInPolygon = (x: number, y: number, polygon: readonly PolygonPoint[]): boolean => {
  let inside = false
  let [lastX, lastY] = polygon.at(-1) ?? [0, 0]
  for (const [cornerX, cornerY] of polygon) {
    if (cornerY > y !== lastY > y && x < ((lastX - cornerX) * (y - cornerY)) / (lastY - cornerY) + cornerX) inside = !inside
    lastX = cornerX
    lastY = cornerY
  }
  return inside
}
