// The systems and roles of the sample bank: what they are called, who owns them, how they behave and what they cost.

interface System {
  readonly unit: string
  readonly criticality: 'critical' | 'high' | 'standard'
  /** Rise in the last week of a quarter, on the last two days of a month, and at the turn of the year, as shares of the level. */
  readonly quarterEnd: number
  readonly monthEnd: number
  readonly yearly: number
}

interface Role {
  /** Typical mean utilisation in percent. */
  readonly level: number
  /** Weekend dip, holiday dip and swing within the day as shares of the level; negative: load moves there. */
  readonly weekly: number
  readonly holiday: number
  readonly daily: number
  readonly noise: number
  /** How much of its system's quarter and month ends reaches this role. */
  readonly closing: number
  readonly capacityUnits: readonly [number, number, number]
  readonly unitCostUsd: number
  readonly leadTimeDays: number
}

const systems = {
  ach: { unit: 'Payments', criticality: 'critical', quarterEnd: 0.22, monthEnd: 0.1, yearly: 0.03 },
  auth: { unit: 'Platform', criticality: 'critical', quarterEnd: 0.03, monthEnd: 0.02, yearly: 0.03 },
  branch: { unit: 'Retail', criticality: 'standard', quarterEnd: 0.06, monthEnd: 0.06, yearly: 0.03 },
  build: { unit: 'Platform', criticality: 'standard', quarterEnd: -0.08, monthEnd: 0, yearly: -0.05 },
  cards: { unit: 'Retail', criticality: 'critical', quarterEnd: 0.08, monthEnd: 0.05, yearly: 0.09 },
  crm: { unit: 'Retail', criticality: 'standard', quarterEnd: 0.08, monthEnd: 0.03, yearly: 0.02 },
  dwh: { unit: 'Platform', criticality: 'high', quarterEnd: 0.2, monthEnd: 0.12, yearly: 0.02 },
  fraud: { unit: 'Payments', criticality: 'critical', quarterEnd: 0.07, monthEnd: 0.04, yearly: 0.08 },
  ledger: { unit: 'Finance', criticality: 'critical', quarterEnd: 0.34, monthEnd: 0.16, yearly: 0.02 },
  loan: { unit: 'Retail', criticality: 'high', quarterEnd: 0.1, monthEnd: 0.06, yearly: -0.04 },
  mobile: { unit: 'Retail', criticality: 'high', quarterEnd: 0.05, monthEnd: 0.06, yearly: 0.06 },
  pay: { unit: 'Payments', criticality: 'critical', quarterEnd: 0.24, monthEnd: 0.12, yearly: 0.05 },
  regrep: { unit: 'Finance', criticality: 'high', quarterEnd: 0.36, monthEnd: 0.14, yearly: 0.02 },
  risk: { unit: 'Markets', criticality: 'high', quarterEnd: 0.28, monthEnd: 0.08, yearly: 0.02 },
  trade: { unit: 'Markets', criticality: 'critical', quarterEnd: 0.14, monthEnd: 0.05, yearly: 0.02 },
  treasury: { unit: 'Finance', criticality: 'high', quarterEnd: 0.26, monthEnd: 0.1, yearly: 0.02 },
} as const satisfies Readonly<Record<string, System>>

const roles = {
  api: {
    level: 50,
    weekly: 0.2,
    holiday: 0.12,
    daily: 0.3,
    noise: 0.08,
    closing: 0.6,
    capacityUnits: [1, 2, 4],
    unitCostUsd: 95,
    leadTimeDays: 14,
  },
  app: {
    level: 52,
    weekly: 0.24,
    holiday: 0.18,
    daily: 0.3,
    noise: 0.08,
    closing: 0.8,
    capacityUnits: [1, 2, 4],
    unitCostUsd: 95,
    leadTimeDays: 14,
  },
  batch: {
    level: 54,
    weekly: -0.1,
    holiday: 0.05,
    daily: -0.35,
    noise: 0.07,
    closing: 1.1,
    capacityUnits: [2, 4, 8],
    unitCostUsd: 80,
    leadTimeDays: 30,
  },
  db: {
    level: 56,
    weekly: 0.14,
    holiday: 0.1,
    daily: 0.18,
    noise: 0.06,
    closing: 1,
    capacityUnits: [2, 4, 8],
    unitCostUsd: 190,
    leadTimeDays: 60,
  },
  grid: {
    level: 58,
    weekly: 0.1,
    holiday: 0.12,
    daily: -0.2,
    noise: 0.09,
    closing: 1,
    capacityUnits: [4, 8, 8],
    unitCostUsd: 70,
    leadTimeDays: 45,
  },
  mq: {
    level: 49,
    weekly: 0.22,
    holiday: 0.15,
    daily: 0.25,
    noise: 0.07,
    closing: 0.9,
    capacityUnits: [1, 2, 4],
    unitCostUsd: 110,
    leadTimeDays: 30,
  },
  web: {
    level: 48,
    weekly: 0.27,
    holiday: 0.16,
    daily: 0.35,
    noise: 0.09,
    closing: 0.4,
    capacityUnits: [1, 1, 2],
    unitCostUsd: 85,
    leadTimeDays: 14,
  },
} as const satisfies Readonly<Record<string, Role>>

/** Name prefixes with their share of the fleet, in the order in which they sort. */
const fleet: readonly (readonly [system: keyof typeof systems, role: keyof typeof roles, share: number])[] = [
  ['ach', 'batch', 3],
  ['ach', 'db', 2],
  ['auth', 'api', 3],
  ['branch', 'app', 3],
  ['build', 'batch', 3],
  ['cards', 'app', 5],
  ['cards', 'db', 3],
  ['cards', 'web', 3],
  ['crm', 'app', 3],
  ['crm', 'db', 2],
  ['dwh', 'batch', 4],
  ['dwh', 'db', 3],
  ['fraud', 'api', 3],
  ['fraud', 'db', 2],
  ['ledger', 'app', 3],
  ['ledger', 'batch', 4],
  ['ledger', 'db', 3],
  ['loan', 'app', 3],
  ['loan', 'db', 2],
  ['mobile', 'api', 4],
  ['mobile', 'web', 4],
  ['pay', 'app', 5],
  ['pay', 'batch', 3],
  ['pay', 'db', 4],
  ['pay', 'mq', 3],
  ['regrep', 'batch', 3],
  ['risk', 'batch', 3],
  ['risk', 'db', 2],
  ['risk', 'grid', 5],
  ['trade', 'app', 4],
  ['trade', 'db', 3],
  ['trade', 'mq', 2],
  ['treasury', 'app', 2],
  ['treasury', 'db', 2],
]

/** Servers `first` up to but not including `end` of the fleet: one system and role. */
export interface SampleGroup extends System, Role {
  readonly prefix: string
  readonly first: number
  readonly endServer: number
}

/** Divides a fleet into its groups; servers are numbered in the order of their names. */
export const sampleGroups = (servers: number): SampleGroup[] => {
  const total = fleet.reduce((sum, [, , share]) => sum + share, 0)
  let sharesBefore = 0
  return fleet.map(([system, role, share]) => {
    const first = Math.round((sharesBefore / total) * servers)
    sharesBefore += share
    const endServer = Math.round((sharesBefore / total) * servers)
    return { ...systems[system], ...roles[role], prefix: `${system}-${role}-`, first, endServer }
  })
}
