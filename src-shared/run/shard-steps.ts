// The steps of a shard, and which shard is meant.

/** In their order: each reads what all shards of the one before it have left. */
export const shardSteps = ['measure', 'calibrate', 'simulate'] as const
export type ShardStep = (typeof shardSteps)[number]

/** One of `count` shards, from 1. */
export interface Shard {
  readonly number: number
  readonly count: number
}

/** Each of them reads every table of figures. */
export const maxShards = 1000
