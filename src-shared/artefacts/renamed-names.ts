// Names that changed with format version 2 of the run folder, for reading older files, links and settings.

/** Today's name -> name in files of format version 1. */
export const renamedNames = { recommendation: 'disposition', target_host: 'consolidate_onto' } as const

const currentNames: ReadonlyMap<string, string> = new Map(Object.entries(renamedNames).map(([name, oldName]) => [oldName, name]))

/** Today's name of a column or key. */
export const currentName = (name: string): string => currentNames.get(name) ?? name

/** An object's keys by today's names; a key of today's name wins. Anything else is returned unchanged. */
export const withCurrentNames = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries([
    ...entries.filter(([key]) => currentNames.has(key)).map(([key, item]) => [currentName(key), item]),
    ...entries.filter(([key]) => !currentNames.has(key)),
  ])
}
