// What is done with a server whatever the others do: add capacity, watch or retire (analysis definition, section 8).
import type { ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import type { FleetServer } from './fleet-servers.ts'

export type RecommendedAction = ServerRiskRow['recommendation']

/** Horizon peak in percent below which a server does nothing worth its cost. */
export const retirePeakPercent = 5
/** Breach probability above which a server that is not at risk is watched. */
export const watchMinProbability = 0.2

/** Null where the packing decides between consolidate and keep. */
export const recommendBeforePacking = (server: FleetServer): RecommendedAction | null => {
  if (server.is_at_risk) return 'add capacity'
  if ((server.breach_probability ?? 0) > watchMinProbability) return 'watch'
  return server.horizon_peak !== null && server.horizon_peak < retirePeakPercent ? 'retire' : null
}
