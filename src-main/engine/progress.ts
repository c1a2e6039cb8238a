// Progress from 0 to 1 by weighted steps; it never falls. The manifest records the time of every step.
import type { RunEvent, RunWarning } from '../../src-shared/run/run-event.ts'

/** Step -> [label, share of a typical run in percent]. Measured with 10,000 servers. The keys are part of the manifest. */
const steps = {
  open: ['Opening forecasts', 1],
  forecast: ['Forecasting measurements', 60],
  screen: ['Validating rows', 1],
  survey: ['Profiling series', 18],
  select: ['Selecting models', 2],
  risk: ['Assessing risk', 2],
  season: ['Measuring seasonality', 20],
  breaches: ['Estimating breach probabilities', 34],
  // What is left of it when the paths are drawn.
  clusters: ['Clustering servers', 1],
  recommend: ['Assigning recommendations', 17],
  pictures: ['Drawing pictures', 1],
  write: ['Writing flagged forecasts', 1],
  seal: ['Finalising the run folder', 2],
} as const satisfies Record<string, readonly [string, number]>

export type StepName = keyof typeof steps

export interface ProgressReporter {
  /** Ends the current step and starts this one. */
  readonly start: (step: StepName) => void
  /** Completed share of the current step, 0..1. */
  readonly advance: (share: number) => void
  readonly warn: (warning: RunWarning) => void
  readonly timings: () => { step: string; seconds: number }[]
}

/** Reports nothing. */
export const silentProgress: Pick<ProgressReporter, 'start'> = { start: () => undefined }

export const createProgressReporter = (onEvent: ((event: RunEvent) => void) | undefined): ProgressReporter => {
  const optional: StepName = 'forecast'
  let total = Object.values(steps).reduce((sum, [, weight]) => sum + weight, 0) - steps[optional][1]
  const finished: { step: string; seconds: number }[] = []
  let current: StepName | undefined
  let startedAt = 0
  let finishedWeight = 0
  let reported = 0
  const report = (label: string, progress: number): void => {
    reported = Math.max(reported, Math.min(1, progress))
    onEvent?.({ type: 'step', label, progress: reported })
  }
  const end = (): void => {
    if (current === undefined) return
    finished.push({ step: current, seconds: Math.round(performance.now() - startedAt) / 1000 })
    finishedWeight += steps[current][1]
  }
  return {
    start: (step) => {
      end()
      current = step
      startedAt = performance.now()
      if (step === optional) total += steps[step][1]
      report(steps[step][0], finishedWeight / total)
    },
    advance: (share) => {
      if (current !== undefined) report(steps[current][0], (finishedWeight + share * steps[current][1]) / total)
    },
    warn: (warning) => onEvent?.({ type: 'warning', warning }),
    timings: () => {
      end()
      current = undefined
      return finished
    },
  }
}
