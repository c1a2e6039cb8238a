// Parses memory sizes such as "800MB" or "1.5 GiB".

const units: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** Bytes; NaN for any other text. */
export const parseMemorySize = (text: string): number => {
  const [, size, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B)$/i.exec(text.trim()) ?? []
  const bytes = Math.floor(Number(size) * (units[unit?.toUpperCase() ?? ''] ?? Number.NaN))
  return bytes > 0 ? bytes : Number.NaN
}
