// Third step of a cloud job: its checks, which a launch needs, and the launch.
import { launchFormSchema } from '../../src-shared/ipc/cloud-contract.ts'
import { launchRun, runPreflight, updateForm, useCloudState } from '../state/cloud-state.ts'
import { CloudStep } from './cloud-step.tsx'
import { PreflightChecks, preflightSummary } from './preflight-checks.tsx'

export const CheckStep = () => {
  const { form, preflight, pendingAction } = useCloudState()
  const isBusy = pendingAction !== ''
  const isValid = launchFormSchema.safeParse(form).success
  const isPassed = preflight?.passed === true
  return (
    <CloudStep
      number={3}
      title="Check"
      // A warning is to be read.
      isDone={isPassed && preflight.checks.every(({ state }) => state === 'ok')}
      summary={
        <div className="actions">
          <button type="button" className="button" disabled={isBusy || !isValid} onClick={() => void runPreflight()}>
            Run checks
          </button>
          <button
            type="button"
            className="button primary-button"
            disabled={isBusy || !isValid || !isPassed}
            title={isPassed ? undefined : 'Run the checks first'}
            onClick={() => void launchRun()}
          >
            Launch
          </button>
          {preflight !== null && <span>{preflightSummary(preflight)}</span>}
          {preflight !== null && preflight.suggestedInstances !== null && (
            <button
              type="button"
              className="button"
              onClick={() => updateForm({ engine: 'spark', instances: preflight.suggestedInstances ?? form.instances })}
            >
              Use Spark cluster ({preflight.suggestedInstances} instances)
            </button>
          )}
        </div>
      }
    >
      {preflight === null ? (
        <p className="muted">Checks read your account, bucket, role, quota and prices. They start no job.</p>
      ) : (
        <PreflightChecks preflight={preflight} />
      )}
    </CloudStep>
  )
}
