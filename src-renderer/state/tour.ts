// The tour: five steps through the views of a run, which can be left and resumed.
import { create } from 'zustand'
import { navigateTo } from './navigation.ts'
import { openSample } from './open-path.ts'
import { useWindowState } from './window-state.ts'

export interface TourStep {
  readonly view: string
  readonly title: string
  readonly text: string
}

export const tourSteps: readonly TourStep[] = [
  {
    view: 'overview',
    title: 'How many, when, what first',
    text: 'The Overview says how many servers are likely to run out and by when. Do next lists what is due first: accept or dismiss it in its row.',
  },
  {
    view: 'heatmap',
    title: 'Who and when',
    text: 'Each row is a server and each column a time. The riskiest server is on top. Click a row for its figures.',
  },
  {
    view: 'server',
    title: 'Why this one',
    text: 'The chart shows measured values, the forecast with its interval, and the threshold. Below it stands the probability of a breach by date.',
  },
  {
    view: 'recommendations',
    title: 'What to do',
    text: 'Every recommendation has its reason and its date. By host shows where servers move and how full each host becomes.',
  },
  {
    view: 'what-if',
    title: 'And if demand grows?',
    text: 'Move a slider, and the number of servers at risk follows. Then open your own data from Start.',
  },
]

interface TourState {
  readonly isOpen: boolean
  readonly step: number
}

export const useTour = create<TourState>(() => ({ isOpen: false, step: 0 }))

/** Shows the step with its view; the step of one server shows the first one to breach. */
export const showTourStep = (step: number): void => {
  const target = tourSteps[step]
  if (target === undefined) return
  useTour.setState({ isOpen: true, step })
  const soonest = useWindowState.getState().run?.soonestBreach ?? null
  navigateTo(target.view, target.view === 'server' && soonest !== null ? { selectedServer: soonest.serverId, metric: soonest.metric } : {})
}

/** Resumes where the tour was left; without a run it opens the sample fleet. */
export const startTour = async (): Promise<void> => {
  useTour.setState({ isOpen: true })
  if (useWindowState.getState().run === null) {
    useTour.setState({ step: 0 })
    await openSample()
  } else showTourStep(useTour.getState().step)
}

export const leaveTour = (): void => useTour.setState({ isOpen: false })

export const finishTour = (): void => useTour.setState({ isOpen: false, step: 0 })
