// Groups of keys that users name: zod's records leave out a key `__proto__` without a word, so it passes them under another name.
import { z } from 'zod'

const hiddenName = '__proto__'
/** No other name ends so: the blank after it would have been trimmed. */
const shownName = `${hiddenName} `

type Settings = Readonly<Record<string, unknown>>

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const renameKeys = <Group extends object>(settings: Group, from: string, to: string): Group =>
  Object.fromEntries(
    Object.entries(settings).map(([key, group]: [string, unknown]) => [
      key,
      isGroup(group) && Object.hasOwn(group, from)
        ? Object.fromEntries(Object.entries(group).map(([name, value]) => [name === from ? to : name, value]))
        : group,
    ]),
  ) as Group

/** Before a schema parses the settings. */
export const hideProtoNames = (settings: Settings): Record<string, unknown> => renameKeys(settings, hiddenName, shownName)

/** After it. Read such groups with `Object.entries` or `Object.hasOwn`, never with `in`. */
export const showProtoNames = <Parsed extends object>(settings: Parsed): Parsed => renameKeys(settings, shownName, hiddenName)

const renameKey = (group: unknown, from: string, to: string): unknown => Object.values(renameKeys({ group }, from, to))[0]

/** A record whose keys are names out of files. */
export const nameRecord = <Value>(value: z.ZodType<Value>): z.ZodType<Record<string, Value>, Record<string, Value>> =>
  z.preprocess(
    (group: Record<string, Value>) => renameKey(group, hiddenName, shownName),
    z.record(z.string().min(1), value).transform((group) => renameKey(group, shownName, hiddenName) as Record<string, Value>),
  )

/** The value under a name out of a file; undefined also for names such as `constructor`, which every object answers to. */
export const ownValue = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined
