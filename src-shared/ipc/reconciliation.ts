// Reconciliation of a run with Module 05 on the same forecasts: each total as a chain of steps from Module 05's figure to Headroom's.
import { z } from 'zod'

const count = z.int().min(0)

export const reconcileRequestSchema = z.strictObject({ folder: z.string().min(1) })

export const figureUnits = ['rows', 'servers', 'clusters', 'USD a month'] as const
const figureSchema = z.object({ value: z.number(), unit: z.enum(figureUnits) })
export type Figure = z.infer<typeof figureSchema>

const stepExampleSchema = z.object({
  /** Server, or a day as YYYY-MM-DD. */
  subject: z.string(),
  /** Whether the step counts it in or leaves it out; `counted` where it only counts it otherwise. */
  change: z.enum(['entered', 'left', 'counted']),
  /** Its figures in words. */
  detail: z.string(),
})
export type StepExample = z.infer<typeof stepExampleSchema>

const stepSchema = z.object({
  key: z.string(),
  title: z.string(),
  /** What Module 05 does and what Headroom does instead, in one sentence. */
  sentence: z.string(),
  before: figureSchema,
  after: figureSchema,
  /** What the step counts in and leaves out. But for USD, `after` is `before` + `entered` - `left`. */
  moved: z.object({ entered: count, left: count, unit: z.enum(['rows', 'servers', 'clusters']) }),
  examples: z.array(stepExampleSchema).max(3),
})
export type ReconciliationStep = z.infer<typeof stepSchema>

const chainSchema = z.object({
  key: z.string(),
  title: z.string(),
  /** What `--method module05` says. */
  original: figureSchema,
  /** What this run says. */
  own: figureSchema,
  /** The first begins at `original`, each begins where the one before it ended, the last ends at `own`. */
  steps: z.array(stepSchema),
})
export type ReconciliationChain = z.infer<typeof chainSchema>

export const reconciliationSchema = z.object({
  run: z.object({ folder: z.string(), run_id: z.string(), analyzed_at: z.string(), rows: count, servers: count }),
  /** Assumptions about the settings of Module 05, one sentence each. */
  assumptions: z.array(z.string()),
  chains: z.array(chainSchema),
})
export type Reconciliation = z.infer<typeof reconciliationSchema>
