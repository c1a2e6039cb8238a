// The queries of the window on an open run, by channel; those of the first view load with the process.
import type { ChannelRequest, ChannelResponse, ChannelServedBy } from '../../src-shared/ipc/ipc-contract.ts'
import { queryFilterChoices } from './fleet/fleet-filter.ts'
import { queryModelAccuracy } from './run/run-contents.ts'
import { queryHeatmap } from './heatmap/heatmap-query.ts'
import type { OpenRun } from './run/open-run.ts'

type RunQueries = {
  readonly [Name in ChannelServedBy<'engine'>]?: (run: OpenRun, request: ChannelRequest<Name>) => Promise<ChannelResponse<Name>>
}

export const runQueries = {
  'heatmap.get': queryHeatmap,
  'clusters.get': async (run, request) => (await import('./fleet/clusters-query.ts')).queryClusters(run, request),
  'clusters.select': async (run, request) => (await import('./fleet/clusters-query.ts')).queryServersInside(run, request),
  'cluster-profiles.get': async (run) => (await import('./fleet/clusters-query.ts')).queryClusterProfiles(run),
  'server.get': async (run, request) => (await import('./servers/server-query.ts')).queryServer(run, request),
  'filter-choices.get': queryFilterChoices,
  'fleet.get': async (run, request) => (await import('./fleet/fleet-query.ts')).queryFleet(run, request),
  'servers.list': async (run, request) => (await import('./servers/servers-query.ts')).queryServers(run, request),
  'season.get': async (run, request) => (await import('./fleet/season-query.ts')).querySeason(run, request),
  'models.list': queryModelAccuracy,
  'capacity.get': async (run) => (await import('./capacity/capacity-query.ts')).queryCapacity(run),
  'recommendations.list': async (run, request) =>
    (await import('./recommendations/recommendations-query.ts')).queryRecommendations(run, request),
  'packing.list': async (run, request) => (await import('./recommendations/packing-query.ts')).queryPacking(run, request),
  'host-load.get': async (run, request) => (await import('./recommendations/packing-query.ts')).queryHostLoad(run, request),
} satisfies RunQueries
