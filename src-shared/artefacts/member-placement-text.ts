// The placement of members on the hosts of their cluster as sentences, for the window and the command line.
import type { ClusterPlacement } from './capacity.ts'
import type { PlacementCheck } from './recommendations.ts'

/** Members that find no place on the hosts and so many further ones. */
export const countUnplaced = (addedHosts: readonly number[], tooLarge: number, added = 0): number =>
  addedHosts.slice(added).reduce((sum, members) => sum + members, tooLarge)

/** Hosts without which some members find no place that have one now. */
export const hostsThatMustStay = ({ hosts, added_hosts: added, too_large: tooLarge }: ClusterPlacement): readonly string[] => {
  const now = countUnplaced(added, tooLarge)
  return hosts.filter((host) => countUnplaced(host.added_hosts_without, host.too_large_without) > now).map(({ host }) => host)
}

export const moveTargetText = ({ to, added_host: added }: ClusterPlacement['moves'][number]): string =>
  to ?? (added === null ? 'no host is large enough' : `further host ${added}`)

const count = (value: number): string => value.toLocaleString('en-US')

/** `unplaced` null: not known. */
export const memberPlacementText = (cluster: string, members: number, unplaced: number | null): string =>
  unplaced === null
    ? `Where the members of ${cluster} find place is known for one host less and the demand of the run; analyse again for more.`
    : unplaced === 0
      ? `All ${count(members)} members of ${cluster} find place on its hosts.`
      : `${count(unplaced)} of ${count(members)} members of ${cluster} find no place on its hosts.`

export const memberPlacementCheckText = ({ verdict, hosts, hosts_above_target: above, accepted_share: share }: PlacementCheck): string => {
  const counted = `On earlier windows ${count(above)} of ${count(hosts)} placed hosts exceeded the target, with ${(100 * share).toFixed(1)} % of the paths accepted`
  if (verdict === 'too few hosts') return `${counted}: too few hosts to check the placement.`
  return verdict === 'holds' ? `${counted}: the placement holds.` : `${counted}: the placement cannot be promised.`
}
