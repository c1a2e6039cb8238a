// From half the cost of the quietest cluster to the cost of the removable servers.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Figure, ReconciliationChain, ReconciliationStep } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'
import { module05Savings } from '../../engine/methods/module05.ts'
import { createChain, decimalText, countTransition } from './chain-steps.ts'

const usd = (value: number): Figure => ({ value: Math.round(value * 100) / 100, unit: 'USD a month' })

/** Reads `cluster_stages` and `server_risk`. */
export const reconcileSavings = async (database: Database, config: AnalysisConfig): Promise<ReconciliationChain> => {
  const table = 'savings_stages'
  await database.run(`
    CREATE OR REPLACE TABLE ${table} AS
    SELECT c.server_id, c.module05_quiet, r.leaves, r.recommendation, r.cost, c.run_mean
    FROM cluster_stages c
    JOIN (SELECT server_id, any_value(recommendation) AS recommendation, bool_or(recommendation IN ('retire', 'consolidate')) AS leaves,
                 any_value(monthly_cost_usd) AS cost FROM server_risk GROUP BY server_id) r USING (server_id)`)
  const figures = await database.row(
    `SELECT CAST(count_if(module05_quiet) AS INTEGER) AS quiet, CAST(count_if(leaves) AS INTEGER) AS leaving,
            coalesce(sum(CAST(cost AS DECIMAL(38, 6))) FILTER (leaves), 0)::DOUBLE AS cost,
            CAST(count_if(leaves AND cost <> ${config.cost_per_instance}) AS INTEGER) AS priced
     FROM ${table}`,
    z.object({ quiet: z.int(), leaving: z.int(), cost: z.number(), priced: z.int() }),
  )
  const module05Usd = usd(module05Savings(figures.quiet, config))
  const fullCost = usd(figures.quiet * config.cost_per_instance)
  const removable = usd(figures.leaving * config.cost_per_instance)
  const removal = await countTransition(database, {
    table,
    key: 'removable',
    title: 'removable servers',
    sentence:
      'Module 05 counts the quietest cluster, busy or not; here a server counts if it is retired, or if another host can always take its demand.',
    from: 'module05_quiet',
    to: 'leaves',
    detail: `recommendation || ', mean of its horizon ' || ${decimalText('run_mean')}`,
    weight: 'run_mean',
  })
  const noServers = { entered: 0, left: 0, unit: 'servers' } as const
  const steps: ReconciliationStep[] = [
    {
      key: 'whole_cost',
      title: 'whole cost',
      sentence: 'Module 05 counts half the cost of servers that stay; here only a removed server saves money, and then its whole cost.',
      before: module05Usd,
      after: fullCost,
      moved: noServers,
      examples: [],
    },
    { ...removal, before: fullCost, after: removable },
    {
      key: 'own_cost',
      title: "each server's cost",
      sentence:
        figures.priced === 0
          ? `Each of these servers costs the configured ${config.cost_per_instance} USD a month.`
          : `Module 05 prices every server at ${config.cost_per_instance} USD a month; here each server has its cost from the servers table.`,
      before: removable,
      after: usd(figures.cost),
      moved: noServers,
      examples: [],
    },
  ]
  return createChain('savings', 'Savings', steps, usd(0))
}
