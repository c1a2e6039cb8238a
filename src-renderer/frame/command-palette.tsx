// The command palette: fuzzy search over commands, views, recent runs and servers.
import { go } from 'fuzzysort'
import { useEffect, useId, useRef, useState } from 'react'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { openRunFolder } from '../state/open-path.ts'
import { openServer } from '../state/navigation.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatShortcut, type Command } from './key-listener.ts'
import { Overlay } from '../components/overlay.tsx'

interface Entry {
  readonly key: string
  readonly group: string
  readonly title: string
  readonly shortcut: string
  readonly run: () => void
}

const maxServers = 8
const maxEntries = 40

const close = (): void => useWindowState.setState({ overlay: null })

export const CommandPalette = ({ commands }: { readonly commands: readonly Command[] }) => {
  const [text, setText] = useState('')
  const [activeIndex, setActiveIndex] = useState(0)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const entries = useEntries(commands, text.trim())
  const current = Math.min(activeIndex, entries.length - 1)
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  })
  const runEntry = (entry: Entry | undefined): void => {
    if (entry === undefined) return
    close()
    entry.run()
  }
  return (
    <Overlay label="Commands" onClose={close}>
      <input
        className="palette-input"
        role="combobox"
        aria-label="Search commands, views, servers and runs"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={entries[current] === undefined ? undefined : `${id}-${current}`}
        placeholder="Search commands, views, servers and runs"
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          setActiveIndex(0)
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
          if (step !== undefined) {
            event.preventDefault()
            setActiveIndex((current + step + entries.length) % Math.max(1, entries.length))
          } else if (event.key === 'Enter') {
            event.preventDefault()
            runEntry(entries[current])
          }
        }}
      />
      <div ref={list} id={`${id}-list`} className="palette-list" role="listbox" aria-label="Results">
        {entries.map((entry, index) => (
          // The input field above handles the keys.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={entry.key}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            className="palette-entry"
            tabIndex={-1}
            onClick={() => runEntry(entry)}
            onPointerMove={() => setActiveIndex(index)}
          >
            <span className="palette-group">{entry.group}</span>
            <span className="palette-title">{entry.title}</span>
            {entry.shortcut !== '' && <kbd>{formatShortcut(entry.shortcut)}</kbd>}
          </div>
        ))}
      </div>
      {entries.length === 0 && <p className="palette-none">No results for “{text}”.</p>}
    </Overlay>
  )
}

const useEntries = (commands: readonly Command[], text: string): readonly Entry[] => {
  const { run, metric, recentRuns } = useWindowState()
  const serversRequest =
    run === null || text.length < 2
      ? null
      : {
          folder: run.folder,
          metric,
          filter: { ...noFilter, text },
          columns: ['server_id' as const],
          sort: { column: 'horizon_p95' as const, descending: true },
          offset: 0,
          limit: maxServers,
        }
  const response = useRequest('servers.list', serversRequest, run?.folder)
  const staticEntries: Entry[] = [
    ...commands
      .filter(({ isDisabled }) => isDisabled?.() !== true)
      .map(({ id, group, title, shortcut = '', run: action }) => ({ key: id, group, title, shortcut, run: action })),
    ...recentRuns
      .filter(({ exists }) => exists)
      .map(({ folder, title }) => ({
        key: folder,
        group: 'Run',
        title: `${title} – ${folder}`,
        shortcut: '',
        run: () => void openRunFolder(folder),
      })),
  ]
  const servers: Entry[] =
    response.status === 'ready'
      ? response.value.rows.map(([name]) => ({
          key: `server ${name}`,
          group: 'Server',
          title: String(name),
          shortcut: '',
          run: () => openServer(String(name)),
        }))
      : []
  if (text === '') return staticEntries.slice(0, maxEntries)
  const matches = go(text, staticEntries, { keys: ['title', 'group'], limit: maxEntries, threshold: 0.3 }).map(({ obj }) => obj)
  return [...matches, ...servers]
}
