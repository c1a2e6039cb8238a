// Advanced fields of the launch form: tables, image, encryption key, network, tags, volume.
import { launchFormSchema, type LaunchForm } from '../../src-shared/ipc/cloud-contract.ts'
import { processingLimits } from '../../src-shared/cloud/cloud-settings.ts'
import { LocalPathField } from './browse-field.tsx'
import { updateForm, useCloudState } from '../state/cloud-state.ts'
import { ListField, NumberField, TextField } from './form-fields.tsx'

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
  return (
    <details className="cloud-advanced">
      <summary>Advanced</summary>
      {form.program === 'engine' && (
        <>
          <LocalPathField
            label="Servers table"
            kind="table"
            value={form.serversTable}
            placeholder="Optional; default: the table next to local forecasts"
            onChange={(serversTable) => updateForm({ serversTable })}
          />
          <LocalPathField
            label="Events table"
            kind="table"
            value={form.eventsTable}
            placeholder="Optional CSV; default: the file next to local forecasts"
            onChange={(eventsTable) => updateForm({ eventsTable })}
          />
          <LocalPathField
            label="Projects table"
            kind="table"
            value={form.projectsTable}
            placeholder="Optional CSV; default: the file next to local forecasts"
            onChange={(projectsTable) => updateForm({ projectsTable })}
          />
          <LocalPathField
            label="Drivers table"
            kind="table"
            value={form.driversTable}
            placeholder="Optional CSV; default: the file next to local forecasts"
            onChange={(driversTable) => updateForm({ driversTable })}
          />
          <LocalPathField
            label="Instance catalogue"
            kind="table"
            value={form.catalogue}
            placeholder="Optional CSV; default: shipped sizes and prices of EC2"
            onChange={(catalogue) => updateForm({ catalogue })}
          />
        </>
      )}
      <TextField
        label="Container image"
        value={form.imageUri}
        placeholder="Default: scikit-learn image of the region"
        onChange={(imageUri) => updateForm({ imageUri })}
      />
      <TextField
        label="Bucket owner"
        value={form.bucketOwner}
        placeholder="Account ID; default: your account"
        onChange={(bucketOwner) => updateForm({ bucketOwner })}
      />
      <TextField
        label="KMS key"
        value={form.kmsKeyId}
        placeholder="Key ID or ARN; default: bucket encryption"
        onChange={(kmsKeyId) => updateForm({ kmsKeyId })}
      />
      <ListField
        label="Subnets"
        values={form.subnets}
        placeholder="subnet-…, subnet-…"
        error={fieldError(form, 'subnets', `Enter up to ${processingLimits.subnets} subnet IDs of up to 32 characters each.`)}
        onChange={(subnets) => updateForm({ subnets })}
      />
      <ListField
        label="Security groups"
        values={form.securityGroupIds}
        placeholder="sg-…, sg-…"
        error={fieldError(
          form,
          'securityGroupIds',
          `Enter up to ${processingLimits.securityGroups} security group IDs of up to 32 characters each.`,
        )}
        onChange={(securityGroupIds) => updateForm({ securityGroupIds })}
      />
      <ListField
        label="Tags"
        values={Object.entries(form.tags).map(([key, value]) => (value === '' ? key : `${key}=${value}`))}
        placeholder="team=capacity, stage=test"
        error={fieldError(form, 'tags', 'Write tags as KEY=VALUE: key up to 128 characters, value up to 256.')}
        onChange={(entries) => updateForm({ tags: parseTags(entries) })}
      />
      <NumberField
        label="Volume size (GB)"
        value={form.volumeGb}
        max={processingLimits.volumeGb}
        error={fieldError(form, 'volumeGb', `Volume size must be a whole number from 1 to ${processingLimits.volumeGb} GB.`)}
        onChange={(volumeGb) => updateForm({ volumeGb })}
      />
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
