// The day on the clock of this machine, which dates of decisions and orders are held against.

/** YYYY-MM-DD. */
export const today = (now = new Date()): string => {
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`
}
