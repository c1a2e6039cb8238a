// The queries of the window on an open run, by channel.
import type { ChannelRequest, ChannelResponse, ChannelServedBy } from '../../src-shared/ipc/ipc-contract.ts'
import { queryCapacity } from './capacity/capacity-query.ts'
import { queryClusterProfiles, queryClusters, queryServersInside } from './fleet/clusters-query.ts'
import { queryFilterChoices } from './fleet/fleet-filter.ts'
import { queryFleet } from './fleet/fleet-query.ts'
import { queryModelAccuracy } from './run/run-contents.ts'
import { querySeason } from './fleet/season-query.ts'
import { queryHeatmap } from './heatmap/heatmap-query.ts'
import { queryHostLoad, queryPacking } from './recommendations/packing-query.ts'
import { queryRecommendations } from './recommendations/recommendations-query.ts'
import type { OpenRun } from './run/open-run.ts'
import { queryServer } from './servers/server-query.ts'
import { queryServers } from './servers/servers-query.ts'

type RunQueries = {
  readonly [Name in ChannelServedBy<'engine'>]?: (run: OpenRun, request: ChannelRequest<Name>) => Promise<ChannelResponse<Name>>
}

export const runQueries = {
  'heatmap.get': queryHeatmap,
  'clusters.get': queryClusters,
  'clusters.select': queryServersInside,
  'cluster-profiles.get': queryClusterProfiles,
  'server.get': queryServer,
  'filter-choices.get': queryFilterChoices,
  'fleet.get': queryFleet,
  'servers.list': queryServers,
  'season.get': querySeason,
  'models.list': queryModelAccuracy,
  'capacity.get': queryCapacity,
  'recommendations.list': queryRecommendations,
  'packing.list': queryPacking,
  'host-load.get': queryHostLoad,
} satisfies RunQueries
