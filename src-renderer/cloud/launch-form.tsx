// What a launch needs: who, where, what it may cost, and under Advanced what few need.
import { FolderOpen } from 'lucide-react'
import { launchFormSchema } from '../../src-shared/ipc/cloud-contract.ts'
import type { Preflight } from '../../src-shared/cloud/cloud-job.ts'
import { AdvancedFields } from './advanced-fields.tsx'
import { BrowseField } from './browse-field.tsx'
import {
  browseBucket,
  browseRoles,
  updateForm,
  chooseLocalPath,
  connectAccount,
  importConfig,
  launchRun,
  runPreflight,
  signIn,
  useCloudState,
} from '../state/cloud-state.ts'
import { fileNameOf } from '../state/open-path.ts'
import { formatUsd } from './cloud-labels.ts'
import { Field, NumberField } from './form-fields.tsx'
import { ProgramFields } from './program-fields.tsx'

export const LaunchForm = () => {
  const { form: draft, profiles, caller, preflight, pendingAction } = useCloudState()
  const isBusy = pendingAction !== ''
  const isValid = launchFormSchema.safeParse(draft).success
  return (
    <form className="cloud-form" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>Account</legend>
        <label className="cloud-field">
          <span>Profile</span>
          <select value={draft.profile ?? ''} onChange={({ target }) => updateForm({ profile: target.value === '' ? null : target.value })}>
            <option value="">From the environment</option>
            {profiles.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Field
          label="Region"
          value={draft.region ?? ''}
          placeholder="The profile's"
          onChange={(region) => updateForm({ region: region === '' ? null : region })}
        />
        <div className="actions">
          <button type="button" className="button" disabled={isBusy} onClick={() => void connectAccount()}>
            Connect
          </button>
          <button type="button" className="button" disabled={isBusy || draft.profile === null} onClick={() => void signIn()}>
            Sign in
          </button>
          <button type="button" className="button" disabled={isBusy} onClick={() => void importConfig()}>
            Import config.yaml
          </button>
        </div>
        {draft.configFile !== '' && (
          <p className="cloud-config muted">
            Analysis settings of {fileNameOf(draft.configFile)}.{' '}
            <button type="button" className="link" onClick={() => updateForm({ configFile: '' })}>
              Leave them out
            </button>
          </p>
        )}
        {caller !== null && (
          <p className="cloud-caller" data-testid="caller">
            {caller.arn}, account {caller.account}, {caller.region}
            {caller.endpoint !== null && `, at ${caller.endpoint}`}
          </p>
        )}
      </fieldset>
      <fieldset>
        <legend>Job</legend>
        <ProgramFields />
        <Field
          label="Forecasts"
          value={draft.input}
          placeholder="s3://bucket/forecasts/ or a local path"
          onChange={(input) => updateForm({ input })}
        >
          <button
            type="button"
            className="button icon"
            aria-label="Choose local forecasts"
            title="From this computer"
            onClick={() => void chooseLocalPath('forecasts', (input) => updateForm({ input }))}
          >
            <FolderOpen size={14} aria-hidden />
          </button>
          {draft.bucket !== '' && (
            <BrowseField
              label="Browse forecasts"
              loadNames={(parentPrefix) => browseBucket(draft.bucket, parentPrefix)}
              onChoose={(prefix) => updateForm({ input: `s3://${draft.bucket}/${prefix}` })}
            />
          )}
        </Field>
        <Field label="Bucket" value={draft.bucket} onChange={(bucket) => updateForm({ bucket })}>
          <BrowseField label="Browse buckets" loadNames={() => browseBucket('', '')} onChoose={(bucket) => updateForm({ bucket })} />
        </Field>
        <Field label="Folder in it" value={draft.prefix} onChange={(prefix) => updateForm({ prefix })} />
        <Field
          label="Execution role"
          value={draft.roleArn}
          placeholder="arn:aws:iam::…:role/…"
          onChange={(roleArn) => updateForm({ roleArn })}
        >
          <BrowseField label="Browse roles" loadNames={browseRoles} onChoose={(roleArn) => updateForm({ roleArn })} />
        </Field>
        <Field
          label="Machine"
          value={draft.instanceType}
          placeholder="By the input's size"
          onChange={(instanceType) => updateForm({ instanceType })}
        />
        <NumberField
          label="At most, minutes"
          value={draft.maxRuntimeMinutes}
          onChange={(maxRuntimeMinutes) => updateForm({ maxRuntimeMinutes })}
        />
        <NumberField label="At most, USD" value={draft.costCeilingUsd} onChange={(costCeilingUsd) => updateForm({ costCeilingUsd })} />
        <AdvancedFields />
      </fieldset>
      <div className="actions">
        <button type="button" className="button" disabled={isBusy || !isValid} onClick={() => void runPreflight()}>
          Check
        </button>
        <button
          type="button"
          className="button primary"
          disabled={isBusy || !isValid || preflight?.passed === false}
          onClick={() => void launchRun()}
        >
          Launch
        </button>
        {preflight !== null && <span className="muted">{preflightSummary(preflight)}</span>}
        {preflight !== null && preflight.suggestedInstances !== null && (
          <button
            type="button"
            className="button"
            onClick={() => updateForm({ engine: 'spark', instances: preflight.suggestedInstances ?? draft.instances })}
          >
            Use Spark on {preflight.suggestedInstances} machines
          </button>
        )}
      </div>
    </form>
  )
}

/** Why it cannot be launched, or what it costs. */
const preflightSummary = ({ passed, checks, mostUsd }: Preflight): string => {
  const failed = checks.filter(({ state }) => state === 'failed').length
  if (!passed) return `${failed} of ${checks.length} checks failed, see below`
  return mostUsd === null ? 'all checks passed' : `all checks passed, at most ${formatUsd(mostUsd)} (estimate)`
}
