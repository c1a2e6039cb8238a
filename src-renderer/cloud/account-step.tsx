// First step of a cloud job: credentials and region.
import { updateForm, browseSsoRoles, chooseSsoRole, connectAccount, importConfig, signIn, useCloudState } from '../state/cloud-state.ts'
import { fileNameOf } from '../state/open-path.ts'
import { BrowseField } from './browse-field.tsx'
import { CloudStep } from './cloud-step.tsx'
import { ChoiceField, TextField } from './form-fields.tsx'

export const AccountStep = () => {
  const { form, profiles, caller, pendingAction } = useCloudState()
  // An account and role of a sign-in is no profile of the files.
  const profileNames = form.profile === null || profiles.includes(form.profile) ? profiles : [...profiles, form.profile]
  const isBusy = pendingAction !== ''
  return (
    <CloudStep
      number={1}
      title="Account"
      isDone={caller !== null}
      summary={
        caller !== null && (
          <p className="cloud-caller" data-testid="caller">
            {caller.arn} · account {caller.account} · {caller.region}
            {caller.endpoint !== null && ` · endpoint ${caller.endpoint}`}
          </p>
        )
      }
    >
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
    </CloudStep>
  )
}
