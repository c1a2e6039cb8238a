// Rightsizing: the cheapest size of a catalogue that still carries every resource on nearly all times and paths (analysis definition, section 13).
import { z } from 'zod'
import type { Rightsizing, RightsizedServer } from '../../../src-shared/artefacts/capacity.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { nameHoldsWord } from '../../../src-shared/config/metric-units.ts'
import { ownValue } from '../../../src-shared/config/name-record.ts'
import type { Database } from '../../database/database.ts'
import type { SeriesForecast } from '../breach/joint-paths.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { readHorizonForecasts } from '../breach/horizon-file.ts'
import type { ClusterPool } from './cluster-pool.ts'
import type { InstanceCatalogue, InstanceSize } from './instance-catalogue.ts'
import type { ResourceUse } from './resource-use.ts'

/** Null: the metric is missing, so that resource never shrinks. */
export interface ServerUse {
  readonly cpu: ResourceUse | null
  readonly memory: ResourceUse | null
}

/** The cheapest size below the current price that carries the server; undefined where none does. `sizes`: by price. */
export const findSize = (
  current: InstanceSize,
  use: ServerUse,
  sizes: readonly InstanceSize[],
  headroom: number,
): InstanceSize | undefined => {
  const limit = 100 * (1 - headroom)
  const carries = (resource: ResourceUse | null, now: number, then: number): boolean =>
    resource === null ? then >= now : (resource.quantile * now) / then < limit
  if (use.cpu === null && use.memory === null) return undefined
  return sizes.find(
    (size) =>
      size.monthlyUsd < current.monthlyUsd &&
      size.arch === current.arch &&
      carries(use.cpu, current.vcpu, size.vcpu) &&
      carries(use.memory, current.memGib, size.memGib),
  )
}

/** Share of the paths on which a resource exceeds the new size at some time, as a risk from 0 (very low) to 4 (very high). */
const riskLimits = [0.01, 0.05, 0.1, 0.25]

export const performanceRisk = (current: InstanceSize, size: InstanceSize, { cpu, memory }: ServerUse): number => {
  const shareAbove = (resource: ResourceUse | null, now: number, then: number): number =>
    resource === null ? 0 : resource.peaks.filter((peak) => (peak * now) / then > 100).length / resource.peaks.length
  const share = Math.max(shareAbove(cpu, current.vcpu, size.vcpu), shareAbove(memory, current.memGib, size.memGib))
  const found = riskLimits.findIndex((limit) => share <= limit)
  return found < 0 ? riskLimits.length : found
}

type LicenceCosts = AnalysisConfig['licence_costs']

/** Cores that must be licensed: SQL Server counts at least four of a machine. */
export const licensedCores = (licence: string, vcpu: number, costs: LicenceCosts): number =>
  Math.max(vcpu, ownValue(costs, licence)?.min_cores ?? (nameHoldsWord(licence, ['sql', 'mssql']) ? 4 : 1))

const candidateSchema = z.object({ server_id: z.string(), instance_type: z.string(), licence: z.string().nullable() })

/** Servers with an instance type that stay and take no others over: a saving counts once. Reads `server_attributes`, `server_assignments`. */
const readSizedServers = (database: Database): Promise<z.infer<typeof candidateSchema>[]> =>
  database.rows(
    `SELECT a.server_id, a.instance_type, a.licence FROM server_attributes a JOIN server_assignments s USING (server_id)
     WHERE a.instance_type IS NOT NULL AND s.recommendation = 'keep'
       AND a.server_id NOT IN (SELECT target_host FROM server_assignments WHERE target_host IS NOT NULL)
     ORDER BY a.server_id`,
    candidateSchema,
  )

/** Servers that may be rightsized, with their sizes, and the types that the catalogue lacks. */
export interface SizedFleet {
  readonly candidates: readonly (z.infer<typeof candidateSchema> & { readonly current: InstanceSize })[]
  readonly unknownTypes: readonly string[]
}

export const readSizedFleet = async (database: Database, { sizes }: InstanceCatalogue): Promise<SizedFleet> => {
  const servers = await readSizedServers(database)
  const sizeOf = new Map(sizes.map((size) => [size.type, size]))
  return {
    candidates: servers.flatMap((server) => {
      const current = sizeOf.get(server.instance_type)
      return current === undefined ? [] : [{ ...server, current }]
    }),
    unknownTypes: [...new Set(servers.map(({ instance_type }) => instance_type))].filter((type) => !sizeOf.has(type)).sort(),
  }
}

/** `uses`: of all candidates. */
export const rightsizeFleet = (
  config: AnalysisConfig,
  { candidates, unknownTypes }: SizedFleet,
  catalogue: InstanceCatalogue,
  uses: FleetUse | null,
): Omit<Rightsizing, 'check'> => {
  const servers = candidates.flatMap(({ server_id, current, licence }): RightsizedServer[] => {
    const use = uses?.of(server_id)
    const size = use === undefined ? undefined : findSize(current, use, catalogue.sizes, config.sizing_headroom)
    if (use === undefined || size === undefined) return []
    const perCore = licence === null ? undefined : ownValue(config.licence_costs, licence)?.usd_per_core
    const freedCores =
      licence === null
        ? 0
        : licensedCores(licence, current.vcpu, config.licence_costs) - licensedCores(licence, size.vcpu, config.licence_costs)
    return [
      {
        server_id,
        current_type: current.type,
        new_type: size.type,
        vcpu: size.vcpu,
        mem_gib: size.memGib,
        monthly_savings_usd: roundCents(current.monthlyUsd - size.monthlyUsd),
        licence,
        licence_cores_freed: freedCores,
        licence_savings_usd: licence === null ? 0 : perCore === undefined ? null : roundCents(freedCores * perCore),
        performance_risk: performanceRisk(current, size, use),
      },
    ]
  })
  return { catalogue: catalogue.source, servers, unknown_types: [...unknownTypes] }
}

const roundCents = (usd: number): number => Math.round(usd * 100) / 100

/** Undefined for a metric of neither processor nor memory. */
export const resourceOf = (columns: ReadonlyMap<string, CapacityColumn>, metric: string): keyof ServerUse | undefined => {
  const column = columns.get(metric)
  return column === 'mem_gib' ? 'memory' : column === 'cores' || column === 'capacity_units' ? 'cpu' : undefined
}

/** Use of the servers that may be rightsized, series by series, from paths that are drawn for it or for something else. */
export class FleetUse {
  readonly #task: SimulationTask
  readonly #columns: ReadonlyMap<string, CapacityColumn>
  /** Positions by series that nobody has measured yet. */
  readonly #missing: Map<number, number>
  readonly #uses = new Map<string, { -readonly [Resource in keyof ServerUse]: ServerUse[Resource] }>()

  constructor(task: SimulationTask, columns: ReadonlyMap<string, CapacityColumn>, { candidates }: SizedFleet) {
    this.#task = task
    this.#columns = columns
    const servers = new Set(candidates.map(({ server_id: id }) => id))
    const { serverIds, seriesIds, metrics, isPercent } = task.series
    this.#missing = new Map(
      [...serverIds.keys()]
        .filter(
          (position) =>
            servers.has(serverIds[position]!) && isPercent[position] === 1 && resourceOf(columns, metrics[position]!) !== undefined,
        )
        .map((position) => [seriesIds[position]!, position]),
    )
  }

  /** Undefined where neither processor nor memory has paths. */
  of(serverId: string): ServerUse | undefined {
    return this.#uses.get(serverId)
  }

  isMissing(seriesId: number): boolean {
    return this.#missing.has(seriesId)
  }

  /** Of a series over its horizon. */
  enter(seriesId: number, measured: ResourceUse): void {
    const position = this.#missing.get(seriesId)
    if (position === undefined) return
    this.#missing.delete(seriesId)
    const { serverIds, metrics } = this.#task.series
    const use = this.#uses.get(serverIds[position]!) ?? { cpu: null, memory: null }
    this.#uses.set(serverIds[position]!, use)
    const resource = resourceOf(this.#columns, metrics[position]!)!
    // Of several metrics of a resource the fuller one counts.
    if (use[resource] === null || measured.quantile > use[resource].quantile) use[resource] = measured
  }

  async drawRest(pool: ClusterPool): Promise<void> {
    const rest = [...this.#missing]
    if (rest.length === 0) return
    const ids = Uint32Array.from(rest, ([id]) => id)
    const { offsets, predicted } = readHorizonForecasts(this.#task, ids)
    const turns: SeriesForecast[][] = []
    for (let from = 0; from < rest.length; from += seriesPerTurn) {
      turns.push(
        rest.slice(from, from + seriesPerTurn).map(([id, position], index) => ({
          position,
          forecast: predicted.slice(offsets[from + index], offsets[from + index + 1]),
          maxMeasured: this.#task.backtestResiduals.maxMeasured(id),
        })),
      )
    }
    const answers = await pool.ask(
      null,
      turns.map((uses) => ({ uses })),
    )
    answers.forEach(({ uses }, turn) => uses!.forEach(([index, use]) => this.enter(rest[turn * seriesPerTurn + index]![0], use)))
  }
}

/** Series of one request. */
export const seriesPerTurn = 500
