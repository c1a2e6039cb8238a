// JSON from files and answers that may be damaged.

/** Undefined for text that is no JSON: the schema that follows refuses it. */
export const tryParseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
