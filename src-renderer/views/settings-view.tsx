// Settings: how forecasts are analysed, look and number format; a pipeline's config.yaml with a preview of what it would set.
import { FileInput } from 'lucide-react'
import { useId, useState } from 'react'
import { completeConfig } from '../../src-shared/analysis-config.ts'
import type { ConfigReading } from '../../src-shared/config-reading.ts'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import { themeChoices, type ThemeChoice } from '../../src-shared/settings.ts'
import { Select } from '../components/choice.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import { changeSettings, importConfig, notify } from '../state/errands.ts'
import { useWindowState } from '../state/window-state.ts'
import { ConfigPreview } from './config-preview.tsx'
import { draftOf, settingGroups, settingsOf, type DraftValues, type SettingField } from './settings-fields.ts'

type SettingsPart = 'file' | 'fields'

const defaults: Readonly<Record<string, unknown>> = completeConfig({}, 'headroom')

const draftFrom = (analysis: Readonly<Record<string, unknown>>): DraftValues =>
  Object.fromEntries(settingGroups.flatMap(({ fields }) => fields).map(({ key }) => [key, draftOf(analysis[key] ?? defaults[key])]))

const locales = ['', 'en-US', 'en-GB', 'de-DE', 'de-CH', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'sv-SE', 'pl-PL', 'ja-JP'] as const
const memoryLimits = ['', '1GB', '2GB', '4GB', '8GB', '16GB', '32GB'] as const
const themeNames: Readonly<Record<ThemeChoice, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
  'high-contrast': 'high contrast',
}

const intoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' })

export const SettingsView = () => {
  const { settings } = useWindowState()
  const [draft, setDraft] = useState<DraftValues>(() => draftFrom(settings.analysis))
  const [reading, setReading] = useState<ConfigReading | null>(null)
  /** `of`: the part of the page that asked, where it is told. */
  const [failure, setFailure] = useState<{ readonly of: SettingsPart; readonly error: WireError } | null>(null)
  /** Settings that the form has no field for stay as they are. */
  const others = Object.fromEntries(Object.entries(settings.analysis).filter(([key]) => !(key in draftFrom({}))))
  const attempt = async (part: SettingsPart, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      setFailure(null)
    } catch (thrown) {
      setFailure({ of: part, error: toWireError(thrown) })
    }
  }
  const failureOf = (part: SettingsPart) =>
    failure?.of === part && (
      <div ref={intoView}>
        <ErrorPanel error={failure.error} onDismiss={() => setFailure(null)} />
      </div>
    )
  const keep = (part: SettingsPart, analysis: Record<string, unknown>): Promise<void> =>
    attempt(part, async () => {
      await changeSettings({ analysis })
      setDraft(draftFrom(analysis))
      setReading(null)
      notify('Settings kept: they hold for the next analysis.')
    })
  return (
    <main className="page" aria-label="Settings">
      <div className="form">
        <h1 className="finding">Settings</h1>
        <fieldset>
          <legend>Look</legend>
          <div className="form-inline">
            <Select<ThemeChoice>
              label="Theme"
              value={settings.theme}
              options={themeChoices.map((value) => ({ value, label: themeNames[value] }))}
              onChange={(theme) => void changeSettings({ theme })}
            />
            <Select<(typeof locales)[number]>
              label="Numbers and dates"
              value={locales.find((locale) => locale === settings.locale) ?? ''}
              options={locales.map((value) => ({ value, label: value === '' ? `as the system (${navigator.language})` : value }))}
              onChange={(locale) => void changeSettings({ locale: locale === '' ? null : locale })}
            />
            <span className="muted">
              Sample: {new Intl.NumberFormat(settings.locale ?? navigator.language).format(12345.6)},{' '}
              {new Intl.DateTimeFormat(settings.locale ?? navigator.language, { dateStyle: 'medium', timeZone: 'UTC' }).format(
                Date.UTC(2026, 11, 31),
              )}
            </span>
          </div>
        </fieldset>
        <fieldset>
          <legend>This machine</legend>
          <div className="form-inline">
            <Select<(typeof memoryLimits)[number]>
              label="Memory for an analysis"
              value={memoryLimits.find((limit) => limit === settings.memoryLimit) ?? ''}
              options={memoryLimits.map((value) => ({
                value,
                label: value === '' ? 'a quarter of the machine’s' : value.replace('GB', ' GB'),
              }))}
              onChange={(limit) => void changeSettings({ memoryLimit: limit === '' ? null : limit })}
            />
            <span className="muted">What does not fit is kept on the disk meanwhile; figures do not depend on it.</span>
          </div>
        </fieldset>
        <section aria-label="Configuration file">
          <div className="actions">
            <button
              type="button"
              className="button"
              onClick={() =>
                void attempt('file', async () => {
                  setReading(await importConfig())
                })
              }
            >
              <FileInput size={14} aria-hidden /> Read a config.yaml…
            </button>
            <span className="muted">Headroom’s own, or the Python pipeline’s; you see what it sets before anything is kept.</span>
          </div>
          {failureOf('file')}
          {reading !== null && (
            <ConfigPreview
              reading={reading}
              onTake={() => void keep('file', { ...settings.analysis, ...reading.settings })}
              onLeave={() => setReading(null)}
            />
          )}
        </section>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            void keep('fields', { ...others, ...settingsOf(draft, defaults) })
          }}
        >
          {settingGroups.map(({ title, fields }) => (
            <fieldset key={title}>
              <legend>{title}</legend>
              {fields.map((field) => (
                <FieldRow
                  key={field.key}
                  field={field}
                  value={draft[field.key] ?? ''}
                  onChange={(value) => setDraft({ ...draft, [field.key]: value })}
                />
              ))}
            </fieldset>
          ))}
          {Object.keys(others).length > 0 && (
            <p className="muted">
              Also set, from a file: <code>{JSON.stringify(others)}</code>
            </p>
          )}
          {failureOf('fields')}
          <div className="actions">
            <button type="submit" className="button primary-button">
              Keep for the next analysis
            </button>
            <button type="button" className="button" onClick={() => void keep('fields', {})}>
              Back to the defaults
            </button>
          </div>
        </form>
      </div>
    </main>
  )
}

interface FieldRowProps {
  readonly field: SettingField
  readonly value: string
  readonly onChange: (value: string) => void
}

const FieldRow = ({ field, value, onChange }: FieldRowProps) => {
  const id = useId()
  const byDefault = draftOf(defaults[field.key])
  return (
    <div className="form-row">
      <label htmlFor={id}>
        {field.label}
        {field.unit !== undefined && <span className="muted"> ({field.unit})</span>}
      </label>
      {field.kind === 'flag' ? (
        <input
          id={id}
          type="checkbox"
          className="form-check"
          checked={value === 'true'}
          onChange={({ target }) => onChange(String(target.checked))}
        />
      ) : field.kind === 'choice' ? (
        <select id={id} className="field" value={value} onChange={({ target }) => onChange(target.value)}>
          {field.choices?.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="field"
          inputMode={field.kind === 'number' ? 'decimal' : 'text'}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
      <span className="muted">
        {field.hint}
        {value !== byDefault && byDefault !== '' && `; default ${byDefault}`}
      </span>
    </div>
  )
}
