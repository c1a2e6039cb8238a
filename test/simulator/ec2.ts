// EC2's DescribeInstances, and the fleet of the simulated account: instances with tags, whose load has seasons of day, week and quarter.
import type { Account } from './account.ts'
import { element, ServiceError, xmlResponse, type ServiceResponse } from './wire.ts'

export interface SimulatedInstance {
  readonly id: string
  readonly region: string
  readonly type: string
  readonly cores: number
  readonly tags: Readonly<Record<string, string>>
  readonly state: 'running' | 'stopped' | 'terminated'
  /** Percent before the seasons. */
  readonly base: number
  /** Percent more at the top of each season. */
  readonly swing: { readonly day: number; readonly week: number; readonly quarterEnd: number }
  /** Percentage points a day. */
  readonly growth: number
  /** Whether the CloudWatch agent runs there. */
  readonly hasAgent: boolean
}

const types = [
  ['m5.large', 1],
  ['m5.xlarge', 2],
  ['r5.2xlarge', 4],
  ['c5.4xlarge', 8],
] as const

/** The same fleet each time: every ninth instance ends near its limit, every eleventh idles. */
export const addFleet = (account: Account, count: number, region = account.region): SimulatedInstance[] => {
  const fleet = Array.from({ length: count }, (_, index): SimulatedInstance => {
    const [type, cores] = types[index % types.length]!
    return {
      id: `i-${(0x0a00000000000000n + BigInt(index)).toString(16).padStart(17, '0')}`,
      region,
      type,
      cores,
      tags: {
        Name: `web-${String(index).padStart(3, '0')}`,
        Team: ['Retail', 'Payments', 'Risk'][index % 3]!,
        Criticality: index % 5 === 0 ? 'high' : 'normal',
      },
      state: index % 97 === 96 ? 'stopped' : 'running',
      base: index % 9 === 8 ? 66 : index % 11 === 10 ? 4 : 22 + ((index * 7) % 30),
      swing: { day: 4 + (index % 6), week: index % 4, quarterEnd: index % 7 === 0 ? 15 : 3 },
      growth: index % 13 === 12 ? 0.12 : 0.01,
      hasAgent: index % 2 === 0,
    }
  })
  account.instances.push(...fleet)
  return fleet
}

const dayMs = 86_400_000

/** Percent in the hour that begins at `ms`. */
export const loadOf = ({ base, swing, growth, id }: SimulatedInstance, ms: number): number => {
  const date = new Date(ms)
  const isWorkday = date.getUTCDay() % 6 !== 0
  const isQuarterEnd = date.getUTCMonth() % 3 === 2 && date.getUTCDate() > 21
  const noise = ((Math.floor(ms / 3_600_000) * 7919 + Number.parseInt(id.slice(-4), 16) * 104_729) % 1000) / 250 - 2
  const days = (ms - Date.UTC(2026, 0, 1)) / dayMs
  const value =
    base +
    swing.day * Math.sin(((date.getUTCHours() - 8) / 24) * 2 * Math.PI) +
    (isWorkday ? swing.week : -swing.week) +
    (isQuarterEnd ? swing.quarterEnd : 0) +
    growth * days +
    noise
  return Math.min(100, Math.max(0, Math.round(value * 1000) / 1000))
}

export const handleEc2 = (account: Account, region: string, form: URLSearchParams): ServiceResponse => {
  const operation = form.get('Action')
  if (operation !== 'DescribeInstances') throw new ServiceError('InvalidAction', `The action ${String(operation)} is not simulated.`)
  const size = Number(form.get('MaxResults') ?? 1000)
  if (!(size >= 5 && size <= 1000))
    throw new ServiceError(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    )
  const from = Number(form.get('NextToken') ?? 0)
  const instances = account.instances.filter((instance) => instance.region === region)
  const page = instances.slice(from, from + size)
  return xmlResponse('DescribeInstancesResponse', [
    element('requestId', 'simulated'),
    element(
      'reservationSet',
      page.map((instance) => element('item', [element('instancesSet', [element('item', describe(instance))])])),
    ),
    ...(from + size < instances.length ? [element('nextToken', String(from + size))] : []),
  ])
}

const describe = ({ id, type, cores, tags, state }: SimulatedInstance): string[] => [
  element('instanceId', id),
  element('instanceType', type),
  element('instanceState', [element('code', state === 'running' ? 16 : 80), element('name', state)]),
  element('cpuOptions', [element('coreCount', cores), element('threadsPerCore', 2)]),
  element(
    'tagSet',
    Object.entries(tags).map(([key, value]) => element('item', [element('key', key), element('value', value)])),
  ),
]
