// Makes text from files safe to show: no control characters and no marks of text direction.

/** Control characters except tab and line break, marks of text direction, and line separators. */
const unsafeCharacters = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Replaces each by U+FFFD, so that it stays visible. */
export const toPlainText = (text: string): string => text.replace(unsafeCharacters, '\ufffd')

const maxSentenceLength = 2000

/** The same on one line, with the middle of a very long text cut out. */
export const toPlainSentence = (text: string): string => {
  const line = toPlainText(text).replace(/[\t\n]+/g, ' ')
  return line.length > maxSentenceLength ? `${line.slice(0, maxSentenceLength / 2)}…${line.slice(-maxSentenceLength / 2)}` : line
}
