// Gates of a nightly run: counts that may not exceed a limit.
import { z } from 'zod'
import type { RunComparison } from '../../src-shared/ipc/run-comparison.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'

const limit = z.int().min(0).max(999_999_999)
/** Limits by the name of the count, in servers. */
export const gatesSchema = z.strictObject({ at_risk: limit.optional(), new_at_risk: limit.optional(), silent: limit.optional() })
export type Gates = Readonly<z.infer<typeof gatesSchema>>

export const gateNames = gatesSchema.keyof().options

export interface JudgedGate {
  readonly name: (typeof gateNames)[number]
  readonly limit: number
  readonly value: number
  readonly is_crossed: boolean
}

/** Servers at risk that were not at risk before, new servers included; not those that a new definition alone puts there. */
export const countNewAtRisk = ({ servers, added }: RunComparison): number =>
  servers.new -
  servers.new_by_definition +
  new Set(added.flatMap(({ server_id, is_at_risk, is_whole_server }) => (is_at_risk && is_whole_server ? [server_id] : []))).size

/** `newAtRisk`: null where nothing was compared; that gate is left out then. */
export const judgeGates = (
  gates: Gates,
  { at_risk_servers, silent_servers }: Pick<RunManifest['counts'], 'at_risk_servers' | 'silent_servers'>,
  newAtRisk: number | null,
): JudgedGate[] => {
  const values = { at_risk: at_risk_servers, new_at_risk: newAtRisk, silent: silent_servers }
  return gateNames.flatMap((name) => {
    const [limitOfGate, value] = [gates[name], values[name]]
    return limitOfGate === undefined || value === null ? [] : [{ name, limit: limitOfGate, value, is_crossed: value > limitOfGate }]
  })
}

/** "Gate new_at_risk crossed: 2 servers, at most 0 allowed." */
export const crossedText = ({ name, value, limit: allowed }: JudgedGate): string =>
  `Gate ${name} crossed: ${value.toLocaleString('en-US')} ${value === 1 ? 'server' : 'servers'}, at most ${allowed} allowed.`
