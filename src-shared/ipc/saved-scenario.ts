// What-if scenarios that the planner kept, each with what came out of it then.
import { z } from 'zod'
import { scenarioFiguresSchema, scenarioSchema } from './what-if.ts'

export const savedScenarioSchema = z.strictObject({
  name: z.string().min(1).max(120),
  scenario: scenarioSchema,
  outcome: scenarioFiguresSchema,
})
export type SavedScenario = z.infer<typeof savedScenarioSchema>

export const savedScenariosSchema = z.array(savedScenarioSchema).max(100)
