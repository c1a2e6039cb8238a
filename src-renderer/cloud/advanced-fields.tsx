// What few launches need: tables, own image, key, network of the company, tags, a larger volume.
import { launchFormSchema, type LaunchForm } from '../../src-shared/ipc/cloud-contract.ts'
import { processingLimits } from '../../src-shared/cloud/cloud-settings.ts'
import { LocalPathField } from './browse-field.tsx'
import { updateForm, useCloudState } from '../state/cloud-state.ts'
import { Field, ListField, NumberField } from './form-fields.tsx'

const fieldError = (form: LaunchForm, field: 'subnets' | 'securityGroupIds' | 'tags' | 'volumeGb', message: string): string =>
  launchFormSchema.shape[field].safeParse(form[field]).success ? '' : message

/** A tag without "=" has no value. */
const parseTags = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) => {
      const [key = '', ...value] = entry.split('=')
      return [key, value.join('=')]
    }),
  )

export const AdvancedFields = () => {
  const { form } = useCloudState()
  const volumeError = fieldError(form, 'volumeGb', `A volume has 1 to ${processingLimits.volumeGb} whole GB.`)
  return (
    <details className="cloud-advanced">
      <summary>Advanced</summary>
      {form.program === 'engine' && (
        <>
          <LocalPathField
            label="Servers table"
            kind="table"
            value={form.serversTable}
            placeholder="Local file; else the one beside local forecasts"
            onChange={(serversTable) => updateForm({ serversTable })}
          />
          <LocalPathField
            label="Events table"
            kind="table"
            value={form.eventsTable}
            placeholder="Local CSV; else the one beside local forecasts"
            onChange={(eventsTable) => updateForm({ eventsTable })}
          />
        </>
      )}
      <Field
        label="Container image"
        value={form.imageUri}
        placeholder="The region's scikit-learn image"
        onChange={(imageUri) => updateForm({ imageUri })}
      />
      <Field
        label="KMS key"
        value={form.kmsKeyId}
        placeholder="Key id or ARN; the bucket's own encryption"
        onChange={(kmsKeyId) => updateForm({ kmsKeyId })}
      />
      <ListField
        label="VPC subnets"
        values={form.subnets}
        placeholder="subnet-…, subnet-…"
        error={fieldError(form, 'subnets', `At most ${processingLimits.subnets} subnet ids of at most 32 letters.`)}
        onChange={(subnets) => updateForm({ subnets })}
      />
      <ListField
        label="Security groups"
        values={form.securityGroupIds}
        placeholder="sg-…, sg-…"
        error={fieldError(form, 'securityGroupIds', `At most ${processingLimits.securityGroups} group ids of at most 32 letters.`)}
        onChange={(securityGroupIds) => updateForm({ securityGroupIds })}
      />
      <ListField
        label="Tags"
        values={Object.entries(form.tags).map(([key, value]) => (value === '' ? key : `${key}=${value}`))}
        placeholder="team=capacity, stage=test"
        error={fieldError(form, 'tags', 'A tag is KEY=VALUE: 1 to 128 letters, then at most 256.')}
        onChange={(entries) => updateForm({ tags: parseTags(entries) })}
      />
      <NumberField
        label="Volume, GB"
        value={form.volumeGb}
        max={processingLimits.volumeGb}
        onChange={(volumeGb) => updateForm({ volumeGb })}
      />
      {volumeError !== '' && <span role="alert">{volumeError}</span>}
      <label className="cloud-check">
        <input
          type="checkbox"
          checked={form.networkIsolation}
          onChange={({ target }) => updateForm({ networkIsolation: target.checked })}
        />
        <span>Network isolation</span>
      </label>
    </details>
  )
}
