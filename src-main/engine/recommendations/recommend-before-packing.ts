// What is done with a server whatever the others do: add capacity, watch or retire (analysis definition, section 8).
import type { ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { retirePeakPercent, watchMinProbability } from '../../forecasts/recommendation-text.ts'
import type { FleetServer } from './fleet-servers.ts'

export type RecommendedAction = ServerRiskRow['recommendation']

/** Null where the packing decides between consolidate and keep. */
export const recommendBeforePacking = (server: FleetServer): RecommendedAction | null => {
  if (server.is_at_risk) return 'add capacity'
  if ((server.breach_probability ?? 0) > watchMinProbability) return 'watch'
  return server.horizon_peak !== null && server.horizon_peak < retirePeakPercent ? 'retire' : null
}
