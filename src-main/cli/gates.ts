// --gate: gathers the limits of a nightly run; a crossed one sets the exit code.
import { InvalidArgumentError } from 'commander'
import { exitCodes, HeadroomError } from '../../src-shared/run/errors.ts'
import { crossedText, gateNames, type Gates, type JudgedGate } from '../cycle/gates.ts'
import { jsonText, print, say } from './terminal.ts'

/** Gathers NAME=LIMIT. */
export const collectGates = (text: string, previous: Gates): Gates => {
  const [, name, limit] = /^(\w+)=(\d{1,9})$/.exec(text.trim()) ?? []
  const known = gateNames.find((candidate) => candidate === name)
  if (known !== undefined) return { ...previous, [known]: Number(limit) }
  throw new InvalidArgumentError(`NAME=LIMIT is needed, with one of ${gateNames.join(', ')}.`)
}

/** Throws usage where a gate asks for an earlier run and there is none. */
export const assertGates = (gates: Gates, previous: string | undefined): void => {
  if (gates.new_at_risk === undefined || previous !== undefined) return
  throw new HeadroomError('usage', 'The gate new_at_risk compares with an earlier run.', { next: 'Name it with --previous RUN.' })
}

/** Says which gates are crossed, and sets the exit code then. */
export const reportGates = (judged: readonly JudgedGate[], json: boolean): void => {
  if (judged.length === 0) return
  const crossed = judged.filter(({ is_crossed }) => is_crossed)
  if (crossed.length > 0) process.exitCode = exitCodes.gate
  if (json) print(jsonText({ type: 'gates', gates: judged }))
  else for (const gate of crossed) say(crossedText(gate))
}
