// What a launch needs: who, where, what it may cost, and under Advanced what few need.
import { FolderOpen } from 'lucide-react'
import { cloudDraftSchema } from '../../src-shared/cloud-contract.ts'
import type { Preflight } from '../../src-shared/cloud-job.ts'
import { AdvancedFields } from './advanced-fields.tsx'
import { BrowseField } from './browse-field.tsx'
import {
  browse,
  browseRoles,
  changeDraft,
  chooseLocal,
  connectCloud,
  importConfig,
  launchCloud,
  runPreflight,
  signInCloud,
  useCloudState,
} from './cloud-state.ts'
import { lastPartOf } from '../state/open-path.ts'
import { formatUsd } from './cloud-words.ts'
import { Field, NumberField } from './form-fields.tsx'
import { ProgramFields } from './program-fields.tsx'

export const LaunchForm = () => {
  const { draft, profiles, caller, preflight, errand } = useCloudState()
  const isBusy = errand !== ''
  const fits = cloudDraftSchema.safeParse(draft).success
  return (
    <form className="cloud-form" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>Account</legend>
        <label className="cloud-field">
          <span>Profile</span>
          <select
            value={draft.profile ?? ''}
            onChange={({ target }) => changeDraft({ profile: target.value === '' ? null : target.value })}
          >
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
          onChange={(region) => changeDraft({ region: region === '' ? null : region })}
        />
        <div className="actions">
          <button type="button" className="button" disabled={isBusy} onClick={() => void connectCloud()}>
            Connect
          </button>
          <button type="button" className="button" disabled={isBusy || draft.profile === null} onClick={() => void signInCloud()}>
            Sign in
          </button>
          <button type="button" className="button" disabled={isBusy} onClick={() => void importConfig()}>
            Import config.yaml
          </button>
        </div>
        {draft.configFile !== '' && (
          <p className="cloud-config muted">
            Analysis settings of {lastPartOf(draft.configFile)}.{' '}
            <button type="button" className="link" onClick={() => changeDraft({ configFile: '' })}>
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
          onChange={(input) => changeDraft({ input })}
        >
          <button
            type="button"
            className="button icon"
            aria-label="Choose local forecasts"
            title="From this computer"
            onClick={() => void chooseLocal('forecasts', (input) => changeDraft({ input }))}
          >
            <FolderOpen size={14} aria-hidden />
          </button>
          {draft.bucket !== '' && (
            <BrowseField
              label="Browse forecasts"
              look={(below) => browse(draft.bucket, below)}
              onChoose={(prefix) => changeDraft({ input: `s3://${draft.bucket}/${prefix}` })}
            />
          )}
        </Field>
        <Field label="Bucket" value={draft.bucket} onChange={(bucket) => changeDraft({ bucket })}>
          <BrowseField label="Browse buckets" look={() => browse('', '')} onChoose={(bucket) => changeDraft({ bucket })} />
        </Field>
        <Field label="Folder in it" value={draft.prefix} onChange={(prefix) => changeDraft({ prefix })} />
        <Field
          label="Execution role"
          value={draft.roleArn}
          placeholder="arn:aws:iam::…:role/…"
          onChange={(roleArn) => changeDraft({ roleArn })}
        >
          <BrowseField label="Browse roles" look={browseRoles} onChoose={(roleArn) => changeDraft({ roleArn })} />
        </Field>
        <Field
          label="Machine"
          value={draft.instanceType}
          placeholder="By the input's size"
          onChange={(instanceType) => changeDraft({ instanceType })}
        />
        <NumberField
          label="At most, minutes"
          value={draft.maxRuntimeMinutes}
          onChange={(maxRuntimeMinutes) => changeDraft({ maxRuntimeMinutes })}
        />
        <NumberField label="At most, USD" value={draft.costCeilingUsd} onChange={(costCeilingUsd) => changeDraft({ costCeilingUsd })} />
        <AdvancedFields />
      </fieldset>
      <div className="actions">
        <button type="button" className="button" disabled={isBusy || !fits} onClick={() => void runPreflight()}>
          Check
        </button>
        <button
          type="button"
          className="button primary"
          disabled={isBusy || !fits || preflight?.passed === false}
          onClick={() => void launchCloud()}
        >
          Launch
        </button>
        {preflight !== null && <span className="muted">{verdict(preflight)}</span>}
        {preflight !== null && preflight.suggestedInstances !== null && (
          <button
            type="button"
            className="button"
            onClick={() => changeDraft({ engine: 'spark', instances: preflight.suggestedInstances ?? draft.instances })}
          >
            Use Spark on {preflight.suggestedInstances} machines
          </button>
        )}
      </div>
    </form>
  )
}

/** Why it cannot be launched, or what it costs. */
const verdict = ({ passed, checks, mostUsd }: Preflight): string => {
  const failed = checks.filter(({ state }) => state === 'failed').length
  if (!passed) return `${failed} of ${checks.length} checks failed, see below`
  return mostUsd === null ? 'all checks passed' : `all checks passed, at most ${formatUsd(mostUsd)} (estimate)`
}
