// Instances, volume and estimated cost of a launch: preflight and launch use this one plan.
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import { splitInstanceTypes, type LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { costUsd, priceListName, type PriceList } from '../account/price-list.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import {
  assertProcessingType,
  chooseInstanceType,
  defaultSparkInstanceType,
  requiredVolumeGb,
  type InputSize,
} from '../jobs/instance-types.ts'

type EngineTask = Extract<LaunchRequest['task'], { kind: 'engine' }>
export type SparkTask = EngineTask & { readonly spark: NonNullable<EngineTask['spark']> }

/** The task of a launch on a Spark cluster; undefined for any other. */
export const sparkTaskOf = ({ task }: LaunchRequest): SparkTask | undefined =>
  task.kind === 'engine' && task.spark !== undefined ? { ...task, spark: task.spark } : undefined

/** The jobs of a launch in their order. */
export const partsOf = (request: LaunchRequest): readonly [CloudRunPart, ...CloudRunPart[]] =>
  sparkTaskOf(request) === undefined ? ['whole'] : ['spark', 'finish']

export interface JobResources {
  /** Several with commas: the first with capacity. */
  readonly instanceType: string
  readonly instances: number
  readonly volumeGb: number
}

/** Throws cloud-setup for a type that processing jobs do not have. `input`: size of what the job reads. After Spark, the engine reads at most half of it at once. */
export const planResources = (request: LaunchRequest, part: CloudRunPart, input: InputSize): JobResources => {
  const { instanceType, volumeGb } = request.settings
  const types = instanceType === undefined ? [] : splitInstanceTypes(instanceType)
  for (const type of types) assertProcessingType(type)
  if (types.length > 1 && part !== 'whole') {
    throw new HeadroomError('cloud-setup', 'A Spark cluster needs one instance type, which its executors must fit.', {
      next: 'Name one instance type.',
    })
  }
  switch (part) {
    case 'whole':
      return {
        instanceType: instanceType ?? chooseInstanceType(input.bytes).type,
        instances: 1,
        volumeGb: requiredVolumeGb(input, volumeGb),
      }
    case 'spark':
      return {
        instanceType: instanceType ?? defaultSparkInstanceType,
        instances: sparkTaskOf(request)?.spark.instances ?? 1,
        volumeGb: requiredVolumeGb(input, volumeGb),
      }
    case 'finish':
      return {
        instanceType: instanceType ?? chooseInstanceType(input.bytes / 2).type,
        instances: 1,
        volumeGb: requiredVolumeGb(input, volumeGb),
      }
  }
}

/** USD for the whole max runtime of all jobs on the dearest type; null if the price list lacks an instance type. */
export const estimateRunCostUsd = (request: LaunchRequest, prices: PriceList, input: InputSize): number | null => {
  let totalUsd = 0
  for (const part of partsOf(request)) {
    const { instanceType, instances, volumeGb } = planResources(request, part, input)
    let partUsd = 0
    for (const type of splitInstanceTypes(instanceType)) {
      const usd = costUsd(prices, { type, count: instances, seconds: request.settings.maxRuntimeSeconds, volumeGb })
      if (usd === null) return null
      partUsd = Math.max(partUsd, Math.ceil(usd * 100) / 100)
    }
    totalUsd += partUsd
  }
  return Math.round(totalUsd * 100) / 100
}

/** Throws cloud-limit if the estimate exceeds the cost limit, or if there is a limit and no estimate. */
export const assertWithinCostLimit = (maxCostUsd: number | null, { settings }: LaunchRequest, prices: PriceList): void => {
  if (settings.costCeilingUsd === null || (maxCostUsd !== null && maxCostUsd <= settings.costCeilingUsd)) return
  if (maxCostUsd === null) {
    throw new HeadroomError(
      'cloud-limit',
      `The ${priceListName(prices)} does not contain ${settings.instanceType ?? 'the instance type'}, so the cost limit of ${settings.costCeilingUsd} USD cannot be checked.`,
      {
        next: 'Read AWS’s prices (command line: headroom cloud prices --update), choose a listed type, or launch without a cost limit (--cost-limit none).',
      },
    )
  }
  throw new HeadroomError(
    'cloud-limit',
    `The estimated cost of up to ${maxCostUsd.toFixed(2)} USD exceeds the cost limit of ${settings.costCeilingUsd} USD.`,
    { next: 'Reduce the max runtime, choose a smaller instance type, or raise the cost limit.' },
  )
}
