// Links of the form headroom://run/<view>?path=...: they open a run folder in a view with its filter, and can do nothing else.
import { z } from 'zod'
import { renamedNames } from '../artefacts/renamed-names.ts'
import { fleetFilterSchema, noFilter, type FleetFilter } from './fleet-filter.ts'

export const deepLinkScheme = 'headroom'

/** Shares of other machines, which would be sent the user's password hash, and devices. */
const leadsElsewhere = /^[\\/]{2}|^\/(\.{0,2}\/)*(dev|proc|sys|net)(\/|$)|^[a-z][\w+.-]+:/i

/** A relative one would depend on the folder that the window happens to run in. */
const isAbsolute = /^(?:\/|[a-z]:[\\/])/i

/** Steps up or on the spot hide where a path leads, and no file is called by control characters or marks of direction. */
const isUnclear = /(^|[\\/])\.{1,2}([\\/]|$)|\p{Cc}|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u

/** The longest path of any system. */
const maxPathLength = 32_767

export const deepLinkSchema = z.object({
  /** Run folder; a link never starts an analysis. */
  path: z
    .string()
    .min(1)
    .max(maxPathLength)
    .refine((path) => isAbsolute.test(path) && !leadsElsewhere.test(path) && !isUnclear.test(path)),
  view: z.string().regex(/^[a-z-]{1,32}$/),
  metric: z.string().nullable(),
  server: z.string().nullable(),
  filter: fleetFilterSchema,
})
export type DeepLink = z.infer<typeof deepLinkSchema>

const listKeys = ['business_unit', 'region', 'criticality', 'risk', 'cluster', 'recommendation'] as const

const queryPair = (name: string, value: string): string => `${name}=${encodeURIComponent(value)}`

/** Servers picked by hand are left out: a link stays short. */
export const formatDeepLink = ({ path, view, metric, server, filter }: DeepLink): string => {
  const query = [
    queryPair('path', path),
    ...(metric === null ? [] : [queryPair('metric', metric)]),
    ...(server === null ? [] : [queryPair('server', server)]),
    ...(filter.text === '' ? [] : [queryPair('text', filter.text)]),
    ...listKeys.flatMap((name) => filter[name].map((value) => queryPair(name, String(value)))),
  ]
  return `${deepLinkScheme}://run/${view}?${query.join('&')}`
}

/** null for anything that is no such link, or asks for what no view knows. */
export const parseDeepLink = (text: string): DeepLink | null => {
  const match = /^headroom:\/\/run\/?([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(text)
  if (match === null) return null
  try {
    const parameters = readQuery(match[2] ?? '')
    const first = (name: string): string | null => parameters.get(name)?.[0] ?? null
    const filter: Record<keyof FleetFilter, unknown> = { ...noFilter, text: first('text') ?? '' }
    for (const name of listKeys) filter[name] = parameters.get(name) ?? []
    filter.cluster = (parameters.get('cluster') ?? []).map(Number)
    filter.recommendation = parameters.get('recommendation') ?? parameters.get(renamedNames.recommendation) ?? []
    const view = match[1] === undefined || match[1] === '' ? 'overview' : match[1]
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
    const existing = values.get(name)
    if (existing === undefined) values.set(name, [value])
    else existing.push(value)
  }
  return values
}
