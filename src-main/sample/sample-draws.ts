// Seeded draws as SQL macros: the same (seed, server, position, purpose) always gives the same number, whatever the row order or thread count.
// DuckDB's own hash() may change between versions, so the mix is spelt out: a 32-bit one from Wellons' hash-prospector.

/** Each purpose of a server's draws has its tag. */
export const drawTags = {
  level: 1,
  spread: 2,
  drift: 3,
  slope: 4,
  weekly: 5,
  quarterEnd: 6,
  yearly: 7,
  outcome: 8,
  capacity: 9,
  cost: 10,
  region: 11,
  criticality: 12,
  skill: 13,
  newNoise: 101,
  slowNoise: 102,
  burst: 103,
  burstSize: 104,
  burstAt: 105,
  modelNoise: 110,
  modelDepth: 120,
  memoryLevel: 130,
  memoryShare: 131,
  memoryTrend: 132,
  memorySlope: 133,
} as const

/** `mix`: BIGINT of 32 bits to another. Products stay below 2^63. */
const mixMacros = [
  'CREATE TEMP MACRO mix_first(x) AS (xor(x, x >> 16) * 569420461) & 4294967295',
  'CREATE TEMP MACRO mix_second(x) AS (xor(x, x >> 15) * 1935289751) & 4294967295',
  'CREATE TEMP MACRO mix_last(x) AS xor(x, x >> 15)',
  'CREATE TEMP MACRO mix(x) AS mix_last(mix_second(mix_first(x)))',
]

/** `uniform(key, tag)` in [0, 1); `normal_at(key, draw_index)` near normal, mean 0 and deviation 1: four uniform bytes summed. */
const drawMacros = [
  'CREATE TEMP MACRO key_at(key, draw_index) AS mix(xor(key, ((draw_index) * 2654435769) & 4294967295))',
  'CREATE TEMP MACRO uniform(key, tag) AS key_at(key, tag) / 4294967296.0::DOUBLE',
  // Bytes 0 and 2 plus bytes 1 and 3, then the two halves of that.
  'CREATE TEMP MACRO byte_sum(h) AS ((((h & 16711935) + ((h >> 8) & 16711935)) * 65537) >> 16) & 65535',
  'CREATE TEMP MACRO bytes_to_normal(h) AS (byte_sum(h) - 510) * 0.0067661::DOUBLE',
  'CREATE TEMP MACRO normal_at(key, draw_index) AS bytes_to_normal(key_at(key, draw_index))',
]

export const drawMacroStatements: readonly string[] = [...mixMacros, ...drawMacros]

/** The seed as the 32-bit number in every server's key. */
export const seedKey = (seed: number): number => {
  let mixed = (seed ^ 0x5a17_f1ee) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** Adds columns to rows in layers: each column is computed once per row and may use the columns of earlier layers. Keeps the order of rows. */
export const withColumns = (rows: string, ...layers: readonly string[]): string =>
  layers.reduce((from, columns) => `SELECT *, ${columns} FROM (${from})`, rows)
