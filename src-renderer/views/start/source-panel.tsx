// "I have CloudWatch" and "I have Prometheus": the account or address, what is found, what it takes, and the collect with its progress.
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { SourceSurvey } from '../../../src-shared/sources/source-requests.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Field } from '../../components/field.tsx'
import { OptionList } from '../../components/select.tsx'
import {
  cancelSource,
  changeSourceForm,
  closeSourcePanel,
  collectSource,
  surveySource,
  useSourceState,
  type SourceForm,
  type SourceKind,
} from '../../state/source-state.ts'
import { formatting } from '../../theme/formatting.ts'
import './source-panel.css'

const titles: Readonly<Record<SourceKind, string>> = { prometheus: 'Prometheus', cloudwatch: 'CloudWatch' }

export const SourcePanel = ({ kind }: { readonly kind: SourceKind }) => {
  const { phase, survey, error, step, share, waiting } = useSourceState()
  const isBusy = phase !== 'idle'
  return (
    <section className="source-panel" aria-label={`I have ${titles[kind]}`} aria-busy={isBusy}>
      <header className="overlay-head">
        <h2>I have {titles[kind]}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={closeSourcePanel}>
          <X size={16} aria-hidden />
        </button>
      </header>
      <form
        className="source-form"
        onSubmit={(event) => {
          event.preventDefault()
          void surveySource()
        }}
      >
        <fieldset disabled={isBusy}>
          {kind === 'prometheus' ? <PrometheusFields /> : <CloudWatchFields />}
          <SpanFields />
        </fieldset>
        {error !== null && <ErrorPanel error={error} />}
        {survey !== null && <Findings survey={survey} />}
        <footer className="source-foot">
          <span className="muted" role="status">
            {isBusy && (waiting === '' ? describeStep(phase, step, share) : waiting)}
          </span>
          {isBusy ? (
            <button type="button" className="button" onClick={() => void cancelSource()}>
              Cancel
            </button>
          ) : (
            <>
              <button type="submit" className={survey === null ? 'button primary-button' : 'button'}>
                Check
              </button>
              <button type="button" className="button primary-button" disabled={survey === null} onClick={() => void collectSource()}>
                Collect and analyse
              </button>
            </>
          )}
        </footer>
        {phase === 'collecting' && <progress aria-label="Collected" value={share} max={1} />}
      </form>
    </section>
  )
}

const describeStep = (phase: 'surveying' | 'collecting' | 'idle', step: string, share: number): string =>
  phase === 'collecting' ? `${step === '' ? 'Collecting' : step} … ${Math.floor(share * 100)} %` : `${step === '' ? 'Checking' : step} …`

type TextKey = { readonly [Key in keyof SourceForm]: SourceForm[Key] extends string ? Key : never }[keyof SourceForm]

const TextInput = ({
  label,
  name,
  type = 'text',
  placeholder,
  hint,
}: {
  readonly label: string
  readonly name: TextKey
  readonly type?: 'text' | 'password' | 'date'
  readonly placeholder?: string
  readonly hint?: string
}) => {
  const value = useSourceState(({ form }) => form[name])
  return (
    <Field label={label} hint={hint} layout="wide-row">
      {(control) => (
        <input
          {...control}
          className="field"
          type={type}
          value={value}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          onChange={({ target }) => changeSourceForm({ [name]: target.value })}
        />
      )}
    </Field>
  )
}

const NumberInput = ({
  label,
  name,
  min,
  max,
  hint,
}: {
  readonly label: string
  readonly name: 'days' | 'costLimitUsd'
  readonly min: number
  readonly max: number
  readonly hint: string
}) => {
  const value = useSourceState(({ form }) => form[name])
  return (
    <Field label={label} hint={hint} layout="wide-row">
      {(control) => (
        <input
          {...control}
          className="field"
          type="number"
          min={min}
          max={max}
          value={value}
          onChange={({ target }) => Number.isFinite(target.valueAsNumber) && changeSourceForm({ [name]: target.valueAsNumber })}
        />
      )}
    </Field>
  )
}

const PrometheusFields = () => (
  <>
    <TextInput label="Address" name="url" placeholder="https://prometheus.example.com" />
    <TextInput label="Bearer token" name="token" type="password" hint="Kept in memory only" />
    <TextInput label="User" name="user" />
    <TextInput label="Password" name="password" type="password" hint="Kept in memory only" />
    <TextInput label="Query" name="query" placeholder="CPU and memory of node_exporter" hint="PromQL, percent by the hour" />
    <TextInput label="Metric" name="metric" hint="Name of the query's values" />
    <TextInput label="Server label" name="label" placeholder="instance, else node" />
    <TextInput label="Business unit label" name="businessUnit" placeholder="business_unit" />
  </>
)

const CloudWatchFields = () => {
  const profiles = useSourceState((state) => state.profiles)
  const profile = useSourceState(({ form }) => form.profile)
  return (
    <>
      <Field label="AWS profile" layout="wide-row">
        {(control) => (
          <OptionList
            {...control}
            className="field"
            value={profile}
            options={[{ value: '', label: 'Environment or default' }, ...profiles.map((name) => ({ value: name, label: name }))]}
            onChange={(chosen) => changeSourceForm({ profile: chosen })}
          />
        )}
      </Field>
      <TextInput label="Regions" name="regions" placeholder="Of the profile" hint="Separated by commas" />
      <TextInput label="Business unit tag" name="businessUnit" placeholder="business_unit" />
      <NumberInput label="Cost limit (USD)" name="costLimitUsd" min={0} max={1000} hint="Refuses a collect above it" />
    </>
  )
}

const SpanFields = () => (
  <>
    <NumberInput label="Days" name="days" min={1} max={455} hint="60 or more are forecast by the day" />
    <TextInput label="Last day" name="until" type="date" hint="Empty: today" />
  </>
)

const Findings = ({ survey }: { readonly survey: SourceSurvey }) => {
  const { servers, examples, metrics, attributes, requests, values, costUsd, seconds, notes } = survey
  return (
    <dl className="source-findings" aria-label="What is found">
      <Finding title="Servers">
        {formatting.count(servers)}, such as {examples.join(', ')}
      </Finding>
      <Finding title="Series">{metrics.map(({ metric, series }) => `${formatting.count(series)} of ${metric}`).join(', ')}</Finding>
      {attributes.length > 0 && <Finding title="Servers table">{attributes.join(', ')}</Finding>}
      <Finding title="Values">
        up to {formatting.count(values)} in {formatting.count(requests)} {requests === 1 ? 'request' : 'requests'}
      </Finding>
      <Finding title="Time">about {formatting.count(seconds)} s, then the analysis</Finding>
      {costUsd !== null && <Finding title="Cost">about {costUsd.toFixed(2)} USD</Finding>}
      {notes.map((note) => (
        <Finding key={note} title="Note">
          {note}
        </Finding>
      ))}
    </dl>
  )
}

const Finding = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <div>
    <dt className="muted">{title}</dt>
    <dd>{children}</dd>
  </div>
)
