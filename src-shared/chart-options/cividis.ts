// The sequential colours of utilisation: cividis (Nunez, Anderton and Renslow 2018, PLoS ONE 13(7) e0199239) in 256 steps.

/** Published values at equal distances from 0 to 1; between them the table is linear in sRGB. */
const anchors = [0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838] as const

const channelAt = (position: number, shift: number): number => {
  const lower = Math.min(Math.floor(position), anchors.length - 2)
  const from = ((anchors[lower] ?? 0) >> shift) & 255
  const to = ((anchors[lower + 1] ?? 0) >> shift) & 255
  return Math.round(from + (to - from) * (position - lower))
}

/** Red, green and blue of the 256 steps in sequence: 768 bytes. */
export const cividisTable: Uint8Array = Uint8Array.from({ length: 768 }, (_, index) =>
  channelAt((Math.floor(index / 3) / 255) * (anchors.length - 1), 16 - 8 * (index % 3)),
)

/** CSS colour of a share of the scale, 0..1; shares outside take the nearest end. */
export const cividisColor = (share: number): string => {
  const step = Math.round(Math.min(1, Math.max(0, share)) * 255) * 3
  return `rgb(${cividisTable[step]}, ${cividisTable[step + 1]}, ${cividisTable[step + 2]})`
}
