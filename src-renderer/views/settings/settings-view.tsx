// Settings of the window and the analysis, and the import of a config.yaml with a preview.
import { FileInput } from 'lucide-react'
import { useState } from 'react'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ConfigReading } from '../../../src-shared/config/pipeline-config.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import { themeChoices, type ThemeChoice } from '../../../src-shared/config/settings.ts'
import { settingFields, settingGroups, type SettingField } from '../../../src-shared/config/setting-fields.ts'
import { Field } from '../../components/field.tsx'
import { Select } from '../../components/select.tsx'
import { ErrorPanel, scrollIntoView } from '../../components/error-panel.tsx'
import { changeSettings, importConfig, notify, useWindowState } from '../../state/window-state.ts'
import { formatDate, formatNumber, formatting } from '../../theme/formatting.ts'
import { themeLabels } from '../../theme/labels.ts'
import { ConfigPreview } from './config-preview.tsx'
import { formatSetting, parseSettings, type SettingsFormState } from './settings-form-state.ts'
import './settings.css'

type SettingsPart = 'file' | 'fields'

const defaults: Readonly<Record<string, unknown>> = completeConfig({}, 'headroom')

const toFormState = (analysis: Readonly<Record<string, unknown>>): SettingsFormState =>
  Object.fromEntries(settingFields.map(({ key }) => [key, formatSetting(analysis[key] ?? defaults[key])]))

const locales = ['', 'en-US', 'en-GB', 'de-DE', 'de-CH', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'sv-SE', 'pl-PL', 'ja-JP'] as const
const memoryLimits = ['', '1GB', '2GB', '4GB', '8GB', '16GB', '32GB'] as const

export const SettingsView = () => {
  const { settings } = useWindowState()
  const [form, setForm] = useState<SettingsFormState>(() => toFormState(settings.analysis))
  const [importedConfig, setImportedConfig] = useState<ConfigReading | null>(null)
  /** `section`: the part of the page that shows the error. */
  const [failure, setFailure] = useState<{ readonly section: SettingsPart; readonly error: WireError } | null>(null)
  /** Settings without a field in the form are preserved. */
  const unlistedSettings = Object.fromEntries(
    Object.entries(settings.analysis).filter(([key]) => !settingFields.some((field) => field.key === key)),
  )
  const runAction = async (part: SettingsPart, action: () => Promise<void>): Promise<void> => {
    try {
      await action()
      setFailure(null)
    } catch (thrown) {
      setFailure({ section: part, error: toWireError(thrown) })
    }
  }
  const renderFailure = (part: SettingsPart) =>
    failure?.section === part && (
      <div ref={scrollIntoView}>
        <ErrorPanel error={failure.error} onDismiss={() => setFailure(null)} />
      </div>
    )
  const save = (part: SettingsPart, analysis: Record<string, unknown>): Promise<void> =>
    runAction(part, async () => {
      await changeSettings({ analysis })
      setForm(toFormState(analysis))
      setImportedConfig(null)
      notify('Settings saved for the next analysis.')
    })
  return (
    <main className="page" aria-label="Settings">
      <div className="form">
        <h1 className="finding">Settings</h1>
        <fieldset>
          <legend>Appearance</legend>
          <div className="form-inline">
            <Select<ThemeChoice>
              label="Theme"
              value={settings.theme}
              options={themeChoices.map((value) => ({ value, label: themeLabels[value] }))}
              onChange={(theme) => void changeSettings({ theme })}
            />
            <Select<(typeof locales)[number]>
              label="Number format"
              value={locales.find((locale) => locale === settings.locale) ?? ''}
              options={locales.map((value) => ({ value, label: value === '' ? `System (${navigator.language})` : value }))}
              onChange={(locale) => void changeSettings({ locale: locale === '' ? null : locale })}
            />
            <span className="muted">
              Sample: {formatNumber(12345.6)}, {formatDate(formatting.clock.toInstant(Date.UTC(2026, 11, 31)))}
            </span>
          </div>
        </fieldset>
        <fieldset>
          <legend>Performance</legend>
          <div className="form-inline">
            <Select<(typeof memoryLimits)[number]>
              label="Memory limit"
              value={memoryLimits.find((limit) => limit === settings.memoryLimit) ?? ''}
              options={memoryLimits.map((value) => ({
                value,
                label: value === '' ? '25 % of memory' : value.replace('GB', ' GB'),
              }))}
              onChange={(limit) => void changeSettings({ memoryLimit: limit === '' ? null : limit })}
            />
            <span className="muted">Larger analyses spill to disk. Results do not change.</span>
          </div>
        </fieldset>
        <fieldset>
          <legend>Exports</legend>
          <Field label="CSV byte order mark" hint="Excel needs it to read names beyond ASCII" layout="wide-row">
            {(control) => (
              <input
                {...control}
                type="checkbox"
                className="form-check"
                checked={settings.csvByteOrderMark}
                onChange={({ target }) => void changeSettings({ csvByteOrderMark: target.checked })}
              />
            )}
          </Field>
        </fieldset>
        <section aria-label="Configuration file">
          <div className="actions">
            <button
              type="button"
              className="button"
              onClick={() =>
                void runAction('file', async () => {
                  setImportedConfig(await importConfig())
                })
              }
            >
              <FileInput size={14} aria-hidden /> Import config.yaml…
            </button>
            <span className="muted">Headroom or pipeline configuration. Review settings before saving.</span>
          </div>
          {renderFailure('file')}
          {importedConfig !== null && (
            <ConfigPreview
              importedConfig={importedConfig}
              onApply={() => void save('file', { ...settings.analysis, ...importedConfig.settings })}
              onCancel={() => setImportedConfig(null)}
            />
          )}
        </section>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            void save('fields', { ...unlistedSettings, ...parseSettings(form, defaults) })
          }}
        >
          {settingGroups.map((group) => (
            <fieldset key={group}>
              <legend>{group}</legend>
              {settingFields
                .filter((field) => field.group === group)
                .map((field) => (
                  <SettingRow
                    key={field.key}
                    field={field}
                    value={form[field.key] ?? ''}
                    onChange={(value) => setForm({ ...form, [field.key]: value })}
                  />
                ))}
            </fieldset>
          ))}
          {Object.keys(unlistedSettings).length > 0 && (
            <p className="muted">
              Other settings from file: <code>{JSON.stringify(unlistedSettings)}</code>
            </p>
          )}
          {renderFailure('fields')}
          <div className="actions">
            <button type="submit" className="button primary-button">
              Save
            </button>
            <button type="button" className="button" onClick={() => void save('fields', {})}>
              Reset
            </button>
          </div>
        </form>
      </div>
    </main>
  )
}

interface SettingRowProps {
  readonly field: SettingField
  readonly value: string
  readonly onChange: (value: string) => void
}

const SettingRow = ({ field: { key, label, unit, hint, kind, choices, range }, value, onChange }: SettingRowProps) => {
  const defaultText = formatSetting(defaults[key])
  const hints = [
    ...(range === null ? [] : [`${range.min} to ${range.max}`]),
    hint,
    ...(value !== defaultText && defaultText !== '' ? [`Default: ${defaultText}`] : []),
  ]
  return (
    <Field label={label} unit={unit} hint={hints.join('. ')} layout="wide-row">
      {(control) =>
        kind === 'flag' ? (
          <input
            {...control}
            type="checkbox"
            className="form-check"
            checked={value === 'true'}
            onChange={({ target }) => onChange(String(target.checked))}
          />
        ) : kind === 'choice' ? (
          <select {...control} className="field" value={value} onChange={({ target }) => onChange(target.value)}>
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {toSentenceCase(choice)}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...control}
            className="field"
            inputMode={kind === 'number' ? 'decimal' : 'text'}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
        )
      }
    </Field>
  )
}

const toSentenceCase = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)
