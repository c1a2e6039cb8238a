// Run in the cloud: checks and launches the remembered job in one click, with its cost on the button.
import { Cloud } from 'lucide-react'
import { useEffect } from 'react'
import { launchFormSchema } from '../../src-shared/ipc/cloud-contract.ts'
import { launchCost, loadCloud, runInCloud, useCloudState } from '../state/cloud-state.ts'
import { navigateTo } from '../state/navigation.ts'
import { fileNameOf } from '../state/open-path.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatUsd } from '../theme/formatting.ts'

/** Shown from the second run on: nothing about the cloud is loaded before. */
export const CloudRunButton = () => {
  const state = useCloudState()
  const hasCloudRun = useWindowState(({ recentRuns }) => recentRuns.some(({ folder }) => fileNameOf(folder).startsWith('cloud-')))
  const mustLoad = hasCloudRun && !state.isLoaded
  useEffect(() => {
    if (mustLoad) void loadCloud()
  }, [mustLoad])
  const { form, cloudRuns, pendingAction } = state
  const isRemembered = form.input !== '' && form.bucket !== '' && form.roleArn !== '' && launchFormSchema.safeParse(form).success
  if (!state.isLoaded || cloudRuns.length === 0 || !isRemembered) return null
  const cost = launchCost(state)
  const run = async (): Promise<void> => {
    if (!(await runInCloud(cost))) navigateTo('cloud')
  }
  return (
    <button
      type="button"
      className="button cloud-run-button"
      disabled={pendingAction !== '' || cloudRuns.some(({ isLive }) => isLive)}
      title={`Checks, then analyses ${form.input} on Amazon SageMaker`}
      onClick={() => void run()}
    >
      <Cloud size={14} aria-hidden />
      {pendingAction === '' ? 'Run in the cloud' : pendingAction}
      {cost !== null && <span className="muted">up to {formatUsd(cost)}</span>}
    </button>
  )
}
