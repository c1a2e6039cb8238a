// JSON from files and answers that may be damaged.

/** Undefined for text that is no JSON: the schema that follows refuses it. */
export const tryParseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether an object of this JSON has a key twice, of which readers take one. */
export const hasRepeatedKey = (json: string): boolean => {
  const objects: (Set<unknown> | undefined)[] = []
  let lastText = ''
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{') objects.push(new Set())
    else if (token === '[') objects.push(undefined)
    else if (token === '}' || token === ']') objects.pop()
    else if (token === ':') {
      const keys = objects.at(-1)
      const key = tryParseJson(lastText)
      if (keys?.has(key) === true) return true
      keys?.add(key)
    } else lastText = token
  }
  return false
}
