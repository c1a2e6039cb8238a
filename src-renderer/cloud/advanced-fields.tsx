// What few launches need: tables, own image, key, network of the company, tags, a larger volume.
import { cloudDraftSchema, type CloudDraft } from '../../src-shared/cloud-contract.ts'
import { processingLimits } from '../../src-shared/cloud-settings.ts'
import { LocalField } from './browse-field.tsx'
import { changeDraft, useCloudState } from './cloud-state.ts'
import { Field, ListField, NumberField } from './form-fields.tsx'

const fault = (draft: CloudDraft, field: 'subnets' | 'securityGroupIds' | 'tags' | 'volumeGb', words: string): string =>
  cloudDraftSchema.shape[field].safeParse(draft[field]).success ? '' : words

/** A tag without "=" has no value. */
const toTags = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) => {
      const [key = '', ...value] = entry.split('=')
      return [key, value.join('=')]
    }),
  )

export const AdvancedFields = () => {
  const { draft } = useCloudState()
  const volumeFault = fault(draft, 'volumeGb', `A volume has 1 to ${processingLimits.volumeGb} whole GB.`)
  return (
    <details className="cloud-advanced">
      <summary>Advanced</summary>
      {draft.program === 'engine' && (
        <>
          <LocalField
            label="Servers table"
            kind="table"
            value={draft.serversTable}
            placeholder="Local file; else the one beside local forecasts"
            onChange={(serversTable) => changeDraft({ serversTable })}
          />
          <LocalField
            label="Events table"
            kind="table"
            value={draft.eventsTable}
            placeholder="Local CSV; else the one beside local forecasts"
            onChange={(eventsTable) => changeDraft({ eventsTable })}
          />
        </>
      )}
      <Field
        label="Container image"
        value={draft.imageUri}
        placeholder="The region's scikit-learn image"
        onChange={(imageUri) => changeDraft({ imageUri })}
      />
      <Field
        label="KMS key"
        value={draft.kmsKeyId}
        placeholder="Key id or ARN; the bucket's own encryption"
        onChange={(kmsKeyId) => changeDraft({ kmsKeyId })}
      />
      <ListField
        label="VPC subnets"
        values={draft.subnets}
        placeholder="subnet-…, subnet-…"
        fault={fault(draft, 'subnets', `At most ${processingLimits.subnets} subnet ids of at most 32 letters.`)}
        onChange={(subnets) => changeDraft({ subnets })}
      />
      <ListField
        label="Security groups"
        values={draft.securityGroupIds}
        placeholder="sg-…, sg-…"
        fault={fault(draft, 'securityGroupIds', `At most ${processingLimits.securityGroups} group ids of at most 32 letters.`)}
        onChange={(securityGroupIds) => changeDraft({ securityGroupIds })}
      />
      <ListField
        label="Tags"
        values={Object.entries(draft.tags).map(([key, value]) => (value === '' ? key : `${key}=${value}`))}
        placeholder="team=capacity, stage=test"
        fault={fault(draft, 'tags', 'A tag is KEY=VALUE: 1 to 128 letters, then at most 256.')}
        onChange={(entries) => changeDraft({ tags: toTags(entries) })}
      />
      <NumberField
        label="Volume, GB"
        value={draft.volumeGb}
        most={processingLimits.volumeGb}
        onChange={(volumeGb) => changeDraft({ volumeGb })}
      />
      {volumeFault !== '' && <span role="alert">{volumeFault}</span>}
      <label className="cloud-check">
        <input
          type="checkbox"
          checked={draft.networkIsolation}
          onChange={({ target }) => changeDraft({ networkIsolation: target.checked })}
        />
        <span>Network isolation</span>
      </label>
    </details>
  )
}
