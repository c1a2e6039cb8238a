// The sizes that a server may have, with their prices: the user's own list, or EC2 families as shipped.
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import { readSmallTable, type TableKind } from '../../forecasts/small-table.ts'

export interface InstanceSize {
  readonly type: string
  readonly vcpu: number
  readonly memGib: number
  readonly monthlyUsd: number
  readonly arch: string
}

export interface InstanceCatalogue {
  /** Null for the shipped one. */
  readonly entry: ReadInput | null
  readonly source: string
  /** By price, then size, then name. */
  readonly sizes: readonly InstanceSize[]
}

const catalogueTable: TableKind<'type' | 'vcpu' | 'mem_gib' | 'monthly_usd' | 'family' | 'arch'> = {
  title: 'instance catalogue',
  required: ['type', 'vcpu', 'mem_gib', 'monthly_usd'],
  optional: ['family', 'arch'],
  numbers: ['vcpu', 'mem_gib', 'monthly_usd'],
}

/** Throws input-not-found, table-invalid. */
export const readCatalogue = async (path: string | undefined, decimal: DecimalSetting): Promise<InstanceCatalogue> => {
  if (path === undefined) return { entry: null, source: ec2Source, sizes: sortSizes(ec2Sizes()) }
  const { entry, lines } = await readSmallTable(path, catalogueTable, decimal)
  const types = new Set<string>()
  const sizes = lines.map(({ text, number, fault }): InstanceSize => {
    const type = text('type')
    if (type === '') throw fault('type', 'is empty', 'Fill it in.')
    const known = type.toLowerCase()
    if (types.has(known)) throw fault('type', `holds "${type}" once more`, 'Keep one line per type.')
    types.add(known)
    const positive = (column: 'vcpu' | 'mem_gib' | 'monthly_usd'): number => {
      const value = number(column)
      if (value !== null && value > 0) return value
      throw fault(column, value === null ? 'is empty' : `holds "${text(column)}"`, 'Write a number above 0.')
    }
    return {
      type,
      vcpu: positive('vcpu'),
      memGib: positive('mem_gib'),
      monthlyUsd: positive('monthly_usd'),
      arch: text('arch') || 'x86_64',
    }
  })
  return { entry, source: entry.path, sizes: sortSizes(sizes) }
}

const sortSizes = (sizes: readonly InstanceSize[]): InstanceSize[] =>
  [...sizes].sort(
    (a, b) => a.monthlyUsd - b.monthlyUsd || a.vcpu - b.vcpu || a.memGib - b.memGib || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0),
  )

const ec2Source = 'EC2 list prices, Linux on demand, us-east-1, as of January 2025, entered by hand, 730 hours a month'
const hoursPerMonth = 730

/** Of each family: GiB per vCPU, USD an hour for two vCPUs, and its sizes in vCPUs. Prices grow with the vCPUs. */
const ec2Families = [
  { family: 'm5', gibPerVcpu: 4, usdPerTwo: 0.096, vcpus: [2, 4, 8, 16, 32, 48, 64, 96] },
  { family: 'm6i', gibPerVcpu: 4, usdPerTwo: 0.096, vcpus: [2, 4, 8, 16, 32, 48, 64, 96, 128] },
  { family: 'c6i', gibPerVcpu: 2, usdPerTwo: 0.085, vcpus: [2, 4, 8, 16, 32, 48, 64, 96, 128] },
  { family: 'r5', gibPerVcpu: 8, usdPerTwo: 0.126, vcpus: [2, 4, 8, 16, 32, 48, 64, 96] },
  { family: 'r6i', gibPerVcpu: 8, usdPerTwo: 0.126, vcpus: [2, 4, 8, 16, 32, 48, 64, 96, 128] },
] as const

const sizeName = (vcpu: number): string => (vcpu === 2 ? 'large' : vcpu === 4 ? 'xlarge' : `${vcpu / 4}xlarge`)

const ec2Sizes = (): InstanceSize[] =>
  ec2Families.flatMap(({ family, gibPerVcpu, usdPerTwo, vcpus }) =>
    vcpus.map((vcpu) => ({
      type: `${family}.${sizeName(vcpu)}`,
      vcpu,
      memGib: vcpu * gibPerVcpu,
      monthlyUsd: Math.round(((usdPerTwo * vcpu) / 2) * hoursPerMonth * 100) / 100,
      arch: 'x86_64',
    })),
  )
