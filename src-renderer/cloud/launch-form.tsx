// The launch form: account, job, limits, and the advanced fields.
import { FolderOpen } from 'lucide-react'
import { launchFormSchema } from '../../src-shared/ipc/cloud-contract.ts'
import { AdvancedFields } from './advanced-fields.tsx'
import { BrowseField } from './browse-field.tsx'
import {
  browseBucket,
  browseRoles,
  browseSsoRoles,
  updateForm,
  updatePrices,
  chooseLocalPath,
  chooseSsoRole,
  connectAccount,
  importConfig,
  launchRun,
  runPreflight,
  signIn,
  useCloudState,
} from '../state/cloud-state.ts'
import { fileNameOf } from '../state/open-path.ts'
import { ChoiceField, LimitField, NumberField, TextField } from './form-fields.tsx'
import { preflightSummary } from './preflight-checks.tsx'
import { ProgramFields } from './program-fields.tsx'

export const LaunchForm = () => {
  const { form, profiles, caller, preflight, pendingAction, priceNote } = useCloudState()
  // An account and role of a sign-in is no profile of the files.
  const profileNames = form.profile === null || profiles.includes(form.profile) ? profiles : [...profiles, form.profile]
  const isBusy = pendingAction !== ''
  const isValid = launchFormSchema.safeParse(form).success
  return (
    <form className="cloud-form" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>Account</legend>
        <ChoiceField
          label="Profile"
          value={form.profile ?? ''}
          options={[{ value: '', label: 'Environment credentials' }, ...profileNames.map((name) => ({ value: name, label: name }))]}
          onChange={(profile) => updateForm({ profile: profile === '' ? null : profile })}
        >
          {form.profile !== null && <BrowseField label="Browse accounts and roles" loadNames={browseSsoRoles} onChoose={chooseSsoRole} />}
        </ChoiceField>
        <TextField
          label="Region"
          value={form.region ?? ''}
          placeholder="Default: profile region"
          onChange={(region) => updateForm({ region: region === '' ? null : region })}
        />
        <div className="actions">
          <button type="button" className="button" disabled={isBusy} onClick={() => void connectAccount()}>
            Verify credentials
          </button>
          <button type="button" className="button" disabled={isBusy || form.profile === null} onClick={() => void signIn()}>
            Sign in
          </button>
          <button type="button" className="button" disabled={isBusy} onClick={() => void importConfig()}>
            Import config.yaml
          </button>
        </div>
        {form.configFile !== '' && (
          <p className="cloud-config muted">
            Analysis settings from {fileNameOf(form.configFile)}.{' '}
            <button type="button" className="link" onClick={() => updateForm({ configFile: '' })}>
              Remove
            </button>
          </p>
        )}
        {caller !== null && (
          <p className="cloud-caller" data-testid="caller">
            {caller.arn} · account {caller.account} · {caller.region}
            {caller.endpoint !== null && ` · endpoint ${caller.endpoint}`}
          </p>
        )}
      </fieldset>
      <fieldset>
        <legend>Job</legend>
        <ProgramFields />
        <TextField
          label="Forecasts"
          value={form.input}
          placeholder="s3://bucket/forecasts/ or local path"
          onChange={(input) => updateForm({ input })}
        >
          <button
            type="button"
            className="button icon"
            aria-label="Choose local forecasts"
            title="Choose local file or folder"
            onClick={() => void chooseLocalPath('forecasts', (input) => updateForm({ input }))}
          >
            <FolderOpen size={14} aria-hidden />
          </button>
          {form.bucket !== '' && (
            <BrowseField
              label="Browse forecasts"
              loadNames={(parentPrefix) => browseBucket(form.bucket, parentPrefix)}
              onChoose={(prefix) => updateForm({ input: `s3://${form.bucket}/${prefix}` })}
            />
          )}
        </TextField>
        <TextField label="Bucket" value={form.bucket} onChange={(bucket) => updateForm({ bucket })}>
          <BrowseField label="Browse buckets" loadNames={() => browseBucket('', '')} onChoose={(bucket) => updateForm({ bucket })} />
        </TextField>
        <TextField label="S3 prefix" value={form.prefix} onChange={(prefix) => updateForm({ prefix })} />
        <TextField
          label="Execution role"
          value={form.roleArn}
          placeholder="arn:aws:iam::…:role/…"
          onChange={(roleArn) => updateForm({ roleArn })}
        >
          <BrowseField label="Browse roles" loadNames={browseRoles} onChoose={(roleArn) => updateForm({ roleArn })} />
        </TextField>
        <TextField
          label="Instance type"
          value={form.instanceType}
          placeholder="Automatic (by input size)"
          onChange={(instanceType) => updateForm({ instanceType })}
        />
        <NumberField
          label="Max runtime (min)"
          value={form.maxRuntimeMinutes}
          onChange={(maxRuntimeMinutes) => updateForm({ maxRuntimeMinutes })}
        />
        <LimitField label="Cost limit (USD)" value={form.costCeilingUsd} onChange={(costCeilingUsd) => updateForm({ costCeilingUsd })}>
          <button type="button" className="button" disabled={isBusy} onClick={() => void updatePrices()}>
            Update prices
          </button>
        </LimitField>
        {priceNote !== '' && <p className="muted cloud-hint">{priceNote}</p>}
        <AdvancedFields />
      </fieldset>
      <div className="actions">
        <button type="button" className="button" disabled={isBusy || !isValid} onClick={() => void runPreflight()}>
          Run checks
        </button>
        <button
          type="button"
          className="button primary-button"
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
            onClick={() => updateForm({ engine: 'spark', instances: preflight.suggestedInstances ?? form.instances })}
          >
            Use Spark cluster ({preflight.suggestedInstances} instances)
          </button>
        )}
      </div>
    </form>
  )
}
