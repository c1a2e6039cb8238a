// Gates of a nightly run: counts that may not exceed a limit, else the exit code says so.
import { InvalidArgumentError } from 'commander'
import type { RunComparison } from '../../src-shared/ipc/run-comparison.ts'
import { exitCodes, HeadroomError } from '../../src-shared/run/errors.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'
import { countText } from './report-text.ts'
import { jsonText, print, say } from './terminal.ts'

const gateNames = ['at_risk', 'new_at_risk', 'silent'] as const
type GateName = (typeof gateNames)[number]

/** Limits by the name of the count. */
export type Gates = Readonly<Partial<Record<GateName, number>>>

/** Gathers NAME=LIMIT. */
export const collectGates = (text: string, previous: Gates): Gates => {
  const [, name, limit] = /^(\w+)=(\d{1,9})$/.exec(text.trim()) ?? []
  const known = gateNames.find((candidate) => candidate === name)
  if (known !== undefined) return { ...previous, [known]: Number(limit) }
  throw new InvalidArgumentError(`NAME=LIMIT is needed, with one of ${gateNames.join(', ')}.`)
}

/** Servers at risk that were not at risk before, new servers included; not those that a new definition alone puts there. */
export const countNewAtRisk = ({ servers, added }: RunComparison): number =>
  servers.new -
  servers.new_by_definition +
  new Set(added.flatMap(({ server_id, is_at_risk, is_whole_server }) => (is_at_risk && is_whole_server ? [server_id] : []))).size

/** Throws usage where a gate asks for an earlier run and there is none. */
export const assertGates = (gates: Gates, previous: string | undefined): void => {
  if (gates.new_at_risk === undefined || previous !== undefined) return
  throw new HeadroomError('usage', 'The gate new_at_risk compares with an earlier run.', { next: 'Name it with --previous RUN.' })
}

/** Says which gates are crossed, and sets the exit code then. `newAtRisk`: null where nothing was compared. */
export const judgeGates = (
  gates: Gates,
  { at_risk_servers, silent_servers }: RunManifest['counts'],
  newAtRisk: number | null,
  json: boolean,
): void => {
  const values: Readonly<Record<GateName, number | null>> = { at_risk: at_risk_servers, new_at_risk: newAtRisk, silent: silent_servers }
  const judged = gateNames.flatMap((name) => {
    const [limit, value] = [gates[name], values[name]]
    return limit === undefined || value === null ? [] : [{ name, limit, value, is_crossed: value > limit }]
  })
  if (judged.length === 0) return
  const crossed = judged.filter(({ is_crossed }) => is_crossed)
  if (crossed.length > 0) process.exitCode = exitCodes.gate
  if (json) print(jsonText({ type: 'gates', gates: judged }))
  else for (const { name, value, limit } of crossed) say(`Gate ${name} crossed: ${countText(value, 'server')}, at most ${limit} allowed.`)
}
