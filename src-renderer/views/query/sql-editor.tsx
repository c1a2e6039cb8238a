// An SQL editor with completion of the run's tables and columns. A shadow root holds it, so its styles pass the content security policy.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { PostgreSQL, sql, type SQLNamespace } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useEffectEvent, useRef } from 'react'
import type { QueryTables } from '../../../src-shared/ipc/user-sql.ts'

export interface SqlEditorProps {
  readonly value: string
  readonly tables: QueryTables
  readonly onChange: (value: string) => void
  readonly onRun: () => void
}

const editorTheme = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', color: 'var(--text)', background: 'var(--background)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: "ui-monospace, 'DejaVu Sans Mono', monospace", lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { background: 'var(--raised)', color: 'var(--muted)', borderRight: '1px solid var(--hairline)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--soft-accent)' },
  '.cm-matchingBracket': { background: 'var(--soft-accent)', outline: '1px solid var(--accent)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-tooltip': { background: 'var(--background)', color: 'var(--text)', border: '1px solid var(--control-line)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent)', color: 'var(--background)' },
  '.cm-completionDetail': { color: 'inherit', opacity: '0.75' },
})

const highlightStyle = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
])

const toSchema = (tables: QueryTables): SQLNamespace =>
  Object.fromEntries(
    tables.map(({ name, columns }) => [name, columns.map((column) => ({ label: column.name, detail: column.type, type: 'property' }))]),
  )

const sqlLanguage = (tables: QueryTables) => sql({ dialect: PostgreSQL, schema: toSchema(tables), upperCaseKeywords: true })

export const SqlEditor = ({ value, tables, onChange, onRun }: SqlEditorProps) => {
  const container = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView | null>(null)
  const sqlCompartment = useRef(new Compartment())
  const notifyChange = useEffectEvent((text: string) => onChange(text))
  const run = useEffectEvent(() => onRun())
  const initialProps = useEffectEvent(() => ({ value, tables }))

  useEffect(() => {
    const { current } = container
    if (current === null) return undefined
    const root = current.shadowRoot ?? current.attachShadow({ mode: 'open' })
    const initial = initialProps()
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: initial.value,
        extensions: [
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (run(), true) }])),
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          // Tab accepts a completion; without one it moves the focus on.
          keymap.of([
            { key: 'Tab', run: acceptCompletion },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          sqlCompartment.current.of(sqlLanguage(initial.tables)),
          editorTheme,
          syntaxHighlighting(highlightStyle),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'SQL' }),
          placeholder('SELECT server_id, horizon_p95 FROM server_risk ORDER BY 2 DESC LIMIT 20'),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) notifyChange(update.state.doc.toString())
          }),
        ],
      }),
    })
    editor.current = view
    return () => {
      editor.current = null
      view.destroy()
    }
  }, [])

  useEffect(() => {
    editor.current?.dispatch({ effects: sqlCompartment.current.reconfigure(sqlLanguage(tables)) })
  }, [tables])

  useEffect(() => {
    const view = editor.current
    if (view === null || view.state.doc.toString() === value) return
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } })
  }, [value])

  return <div ref={container} className="sql-editor" />
}
