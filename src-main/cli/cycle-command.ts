// headroom cycle: runs a plan once, for cron and other schedulers; says what was done, and sets the exit code by gates and failed outputs.
import { resolve } from 'node:path'
import { exitCodes } from '../../src-shared/run/errors.ts'
import { readCyclePlan } from '../cycle/cycle-plan.ts'
import { runCycle, type CycleResult } from '../cycle/run-cycle.ts'
import { scheduleText } from '../cycle/schedule.ts'
import type { Scheduler, TimeOfDay } from '../cycle/schedulers.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { reportGates } from './gates.ts'
import { createProgressView, jsonText, print, runCancellable, say } from './terminal.ts'

export interface CycleOptions {
  /** Prints an entry of this scheduler instead of running the plan. */
  readonly schedule?: Scheduler
  readonly at: TimeOfDay
  /** YYYY-MM-DD; default: today. */
  readonly asOf?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const runCycleCommand = async (planPath: string, options: CycleOptions): Promise<void> => {
  const plan = await readCyclePlan(planPath)
  if (options.schedule !== undefined) {
    print(scheduleText(options.schedule, plan, options.at, [process.execPath, resolve(process.argv[1]!)], systemUser()).trimEnd())
    return
  }
  const view = createProgressView(options)
  let result: CycleResult
  try {
    result = await runCancellable((signal) => runCycle(plan, { signal, onEvent: view.show, environment: process.env, asOf: options.asOf }))
  } finally {
    view.end()
  }
  if (options.json === true) print(jsonText({ type: 'cycle', ...result }))
  else {
    if (result.warning !== null) say(`Warning: ${result.warning}`)
    print(describeResult(result))
  }
  // A failed output weighs more than a crossed gate, which the next cycle shows again.
  reportGates(result.gates, options.json === true)
  if (result.outputs.some(({ state }) => state === 'failed')) process.exitCode = exitCodes.failure
  for (const { error } of options.json === true ? [] : result.outputs) if (error !== null) say(`Error: ${error.message}`)
}

const describeResult = ({ run, is_new, previous, outputs, removed }: CycleResult): string =>
  [
    is_new ? `Run ${run}${previous === null ? ', the first of the history' : `, after ${previous}`}` : `Nothing new since run ${run}`,
    ...outputs.map(({ output, state, note }) => `${state}: ${output}${note === null ? '' : ` (${note})`}`),
    ...(removed.length === 0 ? [] : [`removed: ${removed.join(', ')}`]),
  ].join('\n')
