// Links of the form headroom://run/<view>?path=...: they open a run folder in a view with its filter, and can do nothing else.
import { z } from 'zod'
import { fleetFilterSchema, noFilter, type FleetFilter } from './fleet-filter.ts'

export const deepLinkScheme = 'headroom'

export const deepLinkSchema = z.object({
  /** Run folder; a link never starts an analysis. */
  path: z.string().min(1),
  view: z.string().regex(/^[a-z-]{1,32}$/),
  metric: z.string().nullable(),
  server: z.string().nullable(),
  filter: fleetFilterSchema,
})
export type DeepLink = z.infer<typeof deepLinkSchema>

const lists = ['business_unit', 'region', 'criticality', 'risk', 'cluster', 'disposition'] as const

const pair = (name: string, value: string): string => `${name}=${encodeURIComponent(value)}`

/** Servers picked by hand are left out: a link stays short. */
export const formatDeepLink = ({ path, view, metric, server, filter }: DeepLink): string => {
  const query = [
    pair('path', path),
    ...(metric === null ? [] : [pair('metric', metric)]),
    ...(server === null ? [] : [pair('server', server)]),
    ...(filter.text === '' ? [] : [pair('text', filter.text)]),
    ...lists.flatMap((name) => filter[name].map((value) => pair(name, String(value)))),
  ]
  return `${deepLinkScheme}://run/${view}?${query.join('&')}`
}

/** null for anything that is no such link, or asks for what no view knows. */
export const parseDeepLink = (text: string): DeepLink | null => {
  const found = /^headroom:\/\/run\/?([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(text)
  if (found === null) return null
  try {
    const given = readQuery(found[2] ?? '')
    const first = (name: string): string | null => given.get(name)?.[0] ?? null
    const filter: Record<keyof FleetFilter, unknown> = { ...noFilter, text: first('text') ?? '' }
    for (const name of lists) filter[name] = name === 'cluster' ? (given.get(name) ?? []).map(Number) : (given.get(name) ?? [])
    const view = found[1] === undefined || found[1] === '' ? 'overview' : found[1]
    return deepLinkSchema.parse({ path: first('path') ?? '', view, metric: first('metric'), server: first('server'), filter })
  } catch {
    return null
  }
}

/** Values by name, in their order. Throws URIError where an escape is broken. */
const readQuery = (query: string): Map<string, string[]> => {
  const values = new Map<string, string[]>()
  for (const part of query.split('&').filter(Boolean)) {
    const [name = '', ...rest] = part.split('=')
    const value = decodeURIComponent(rest.join('=').replaceAll('+', '%20'))
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else known.push(value)
  }
  return values
}
