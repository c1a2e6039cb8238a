// Text from files as it may be shown: no control characters, and none that turn the direction of what stands around it.

/** Control characters but tab and line break, marks that order text from right to left, and line separators. */
const unsafeCharacters = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Each becomes U+FFFD, so that it is seen that something was there. */
export const toPlainText = (text: string): string => text.replace(unsafeCharacters, '\ufffd')

const maxSentenceLength = 2000

/** The same for a sentence: line breaks go too, and a name that fills pages loses its middle. */
export const toPlainSentence = (text: string): string => {
  const line = toPlainText(text).replace(/[\t\n]+/g, ' ')
  return line.length > maxSentenceLength ? `${line.slice(0, maxSentenceLength / 2)}…${line.slice(-maxSentenceLength / 2)}` : line
}
