// The tour's panel below the view it explains.
import { X } from 'lucide-react'
import { finishTour, leaveTour, showTourStep, tourSteps, useTour } from '../state/tour.ts'
import { useWindowState } from '../state/window-state.ts'

export const TourPanel = () => {
  const { isOpen, step } = useTour()
  const hasRun = useWindowState(({ run }) => run !== null)
  const current = tourSteps[step]
  if (!isOpen || !hasRun || current === undefined) return null
  const isLast = step === tourSteps.length - 1
  return (
    <section className="tour" aria-label="Tour" data-region>
      <p aria-live="polite">
        <strong>
          {step + 1} of {tourSteps.length}: {current.title}
        </strong>{' '}
        {current.text}
      </p>
      <button type="button" className="button" disabled={step === 0} onClick={() => showTourStep(step - 1)}>
        Back
      </button>
      <button type="button" className="button primary-button" onClick={() => (isLast ? finishTour() : showTourStep(step + 1))}>
        {isLast ? 'Finish' : 'Next'}
      </button>
      <button type="button" className="icon-button" aria-label="Leave tour" title="Leave; Help resumes it" onClick={leaveTour}>
        <X size={15} aria-hidden />
      </button>
    </section>
  )
}
