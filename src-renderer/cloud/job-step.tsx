// Second step of a cloud job: its program, its data, its place and its limits.
import { FolderOpen } from 'lucide-react'
import type { LaunchForm } from '../../src-shared/ipc/cloud-contract.ts'
import { browseBucket, browseRoles, chooseLocalPath, updateForm, updatePrices, useCloudState } from '../state/cloud-state.ts'
import { fileNameOf } from '../state/open-path.ts'
import { formatUsd } from '../theme/formatting.ts'
import { AdvancedFields } from './advanced-fields.tsx'
import { BrowseField } from './browse-field.tsx'
import { CloudStep } from './cloud-step.tsx'
import { LimitField, NumberField, TextField } from './form-fields.tsx'
import { ProgramFields } from './program-fields.tsx'

/** Done when the checks have passed it. */
export const JobStep = () => {
  const { form, preflight, pendingAction, priceNote } = useCloudState()
  const isBusy = pendingAction !== ''
  const isDone = preflight?.passed === true
  return (
    <CloudStep number={2} title="Job" isDone={isDone} summary={isDone && <p className="muted">{jobText(form)}</p>}>
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
    </CloudStep>
  )
}

/** "fleet.parquet to s3://bucket/headroom, at most 60 min and $10". */
const jobText = ({ input, bucket, prefix, maxRuntimeMinutes, costCeilingUsd }: LaunchForm): string => {
  const cost = costCeilingUsd === null ? '' : ` and ${formatUsd(costCeilingUsd)}`
  return `${fileNameOf(input)} to s3://${bucket}/${prefix}, at most ${maxRuntimeMinutes} min${cost}`
}
