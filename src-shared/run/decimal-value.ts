// A decimal number as text: what JavaScript would read besides it, such as nothing at all or 0x20, is no number.

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** NaN for text that is no decimal number. */
export const decimalValue = (text: string): number => (decimal.test(text.trim()) ? Number(text) : Number.NaN)
