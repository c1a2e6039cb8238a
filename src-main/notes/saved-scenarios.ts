// The planner's kept scenarios of a run, beside its files.
import { savedScenariosSchema, type SavedScenario } from '../../src-shared/ipc/saved-scenario.ts'
import { readPlannerNote, writePlannerNote } from './planner-notes.ts'

const scenariosFile = 'scenarios.json'

export const readSavedScenarios = (folder: string): Promise<SavedScenario[]> =>
  readPlannerNote(folder, scenariosFile, savedScenariosSchema, [])

export const saveScenarios = (folder: string, scenarios: readonly SavedScenario[]): Promise<void> =>
  writePlannerNote(folder, scenariosFile, scenarios)
