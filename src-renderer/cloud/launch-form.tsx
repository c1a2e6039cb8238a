// The launch form in three steps, which fold up when they are done.
import { AccountStep } from './account-step.tsx'
import { CheckStep } from './check-step.tsx'
import { JobStep } from './job-step.tsx'

export const LaunchForm = () => (
  <form className="cloud-form" onSubmit={(event) => event.preventDefault()}>
    <AccountStep />
    <JobStep />
    <CheckStep />
  </form>
)
