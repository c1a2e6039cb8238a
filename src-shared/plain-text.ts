// Text from files as it may be shown: no control characters, and none that turn the direction of what stands around it.

/** Control characters but tab and line break, marks that order text from right to left, and line separators. */
const misleading = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Each becomes U+FFFD, so that it is seen that something was there. */
export const plainText = (text: string): string => text.replace(misleading, '\ufffd')

const longestSentence = 2000

/** The same for a sentence: line breaks go too, and a name that fills pages loses its middle. */
export const plainSentence = (text: string): string => {
  const line = plainText(text).replace(/[\t\n]+/g, ' ')
  return line.length > longestSentence ? `${line.slice(0, longestSentence / 2)}…${line.slice(-longestSentence / 2)}` : line
}
