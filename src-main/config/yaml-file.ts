// The one reader of YAML files and values; JSON is YAML too.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'

const errorCodes = {
  configuration: 'config-invalid',
  mapping: 'config-invalid',
  plan: 'config-invalid',
  scenario: 'scenario-invalid',
} as const

/** A record of zod's would leave out a key `__proto__` without a word. */
const keysSchema = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  .nullable()

/** The file's keys, unvalidated; an empty file has none. Throws config-invalid or scenario-invalid. */
export const readYamlFile = async (file: string, kind: keyof typeof errorCodes): Promise<Record<string, unknown>> => {
  const code = errorCodes[kind]
  const text = await readTextFile(
    file,
    (problem, cause) => new HeadroomError(code, `The ${kind} ${file} ${problem}.`, { next: 'Check the path.', cause }),
  )
  const value = parseYaml(
    text,
    (problem) => new HeadroomError(code, `${basename(file)} is not valid YAML or JSON: ${problem}.`, { next: 'Correct that line.' }),
  )
  const parsed = keysSchema.safeParse(value)
  if (parsed.success) return parsed.data ?? {}
  throw new HeadroomError(code, `${basename(file)} contains no keys. Headroom expects lines of the form "key: value".`, {
    next: 'See the user guide for the keys.',
  })
}

/** `createError` builds the error from the parser's message, a phrase without a full stop. */
export const parseYaml = (text: string, createError: (problem: string) => HeadroomError): unknown => {
  if (isTooDeep(text)) throw createError('it is nested too deeply, or its aliases expand too far')
  try {
    // The parser limits aliases, so that a small file cannot expand into a huge one.
    // `<<` merges as in PyYAML, which reads the pipeline's config.yaml.
    const value: unknown = parse(text, { merge: true, maxAliasCount: 100, prettyErrors: false, logLevel: 'error' })
    if (holdsItself(value)) throw createError('an alias stands inside of what it names')
    return value
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    if (cause instanceof ReferenceError && cause.message.startsWith('Unresolved'))
      throw createError('quotes are expected around a value that begins with *')
    if (cause instanceof Error && cause.message.startsWith('Merge sources')) throw createError('a merge key << needs groups of keys')
    // The parser wraps its own stack overflow, too.
    if (!(cause instanceof YAMLParseError) || cause.message.startsWith('Maximum call stack'))
      throw createError('it is nested too deeply, or its aliases expand too far')
    const line = text.slice(0, cause.pos[0]).split('\n').length
    throw createError(
      cause.code === 'MULTIPLE_DOCS' ? `a second document begins in line ${line}` : `${describeFault(cause)} in line ${line}`,
    )
  }
}

const plainFaults: Partial<Record<YAMLParseError['code'], string>> = {
  DUPLICATE_KEY: 'a key stands twice, the second time',
  TAB_AS_INDENT: 'spaces are expected instead of a tab',
  BLOCK_AS_IMPLICIT_KEY: 'quotes are expected around a value with a colon, or one key to a line,',
  BAD_SCALAR_START: 'quotes are expected around a value that begins with @ or `',
  BAD_DQ_ESCAPE: 'single quotes are expected around a value with a backslash',
  BAD_ALIAS: 'quotes are expected around a value that begins with * or &',
  BAD_INDENT: 'the same indentation as above is expected',
}

const maxDepth = 500

/**
 * Whether open brackets, or indentation with the dashes of lists, reach deeper than anything that people write. The parser would use up the stack:
 * mostly that is an error, but where it happens while a regular expression is compiled, V8 ends the process.
 */
const isTooDeep = (text: string): boolean => {
  let depth = 0
  let start = 0
  let isStart = true
  for (const character of text) {
    if (character === '[' || character === '{') depth++
    else if ((character === ']' || character === '}') && depth > 0) depth--
    if (character === '\n') {
      start = 0
      isStart = true
    } else if (isStart && ' -?:\t'.includes(character)) start++
    else isStart = false
    if (depth > maxDepth || start > 4 * maxDepth) return true
  }
  return false
}

/** What the parser misses, in words for people who do not know its own. */
const describeFault = ({ code, message }: YAMLParseError): string => {
  const missing =
    /must (?:be sufficiently indented and )?end with a? ?(\]|\})/.exec(message)?.[1] ?? /^Missing closing (.)quote/.exec(message)?.[1]
  if (missing !== undefined) return `a ${missing} is missing at the latest`
  return plainFaults[code] ?? 'a line of the form "key: value" is expected'
}

/** `above`: what the value stands in; `seen`: what was found sound. */
const holdsItself = (value: unknown, above = new Set<unknown>(), seen = new Set<unknown>()): boolean => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  if (above.has(value)) return true
  above.add(value)
  const isFound = Object.values(value).some((inner) => holdsItself(inner, above, seen))
  above.delete(value)
  seen.add(value)
  return isFound
}

/** Larger than any configuration or scenario that people write. */
const maxBytes = 16_000_000

/** `createError` builds the error from a phrase such as "is a folder". Never waits for a pipe or a device. */
const readTextFile = async (path: string, createError: (problem: string, cause?: unknown) => HeadroomError): Promise<string> => {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw createError('cannot be read', cause)
  })
  try {
    const status = await file.stat()
    if (!status.isFile()) throw createError(status.isDirectory() ? 'is a folder' : 'is not a regular file')
    if (status.size > maxBytes) throw createError(`is larger than ${maxBytes / 1e6} MB`)
    return await file.readFile('utf8')
  } catch (cause) {
    throw cause instanceof HeadroomError ? cause : createError('cannot be read', cause)
  } finally {
    await file.close()
  }
}
