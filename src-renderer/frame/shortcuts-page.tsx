// The list of all keyboard shortcuts.
import { X } from 'lucide-react'
import { useWindowState } from '../state/window-state.ts'
import { formatShortcut, type Command } from './key-listener.ts'
import { Overlay } from '../components/overlay.tsx'

/** Keys handled by the focused control. */
const contextShortcuts: readonly (readonly [string, string])[] = [
  ['F6', 'Next region'],
  ['Arrows', 'Move in a toolbar, list or heatmap'],
  ['Enter', 'Open the active item; sort by the active column'],
  ['Esc', 'Close panel or chart; cancel the analysis in view'],
  ['Ctrl+C', 'Copy the active cell or selected rows'],
  ['Shift+Arrows', 'Select rows'],
  ['+ − 0', 'Zoom heatmap in, out, reset'],
]

const close = (): void => useWindowState.setState({ overlay: null })

export const ShortcutsPage = ({ commands }: { readonly commands: readonly Command[] }) => {
  const listedCommands = commands.filter(({ shortcut }) => shortcut !== undefined)
  const groups = [...new Set(listedCommands.map(({ group }) => group))]
  return (
    <Overlay label="Keyboard shortcuts" onClose={close}>
      <header className="overlay-head">
        <h2>Keyboard shortcuts</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={close}>
          <X size={16} aria-hidden />
        </button>
      </header>
      {/* Scrollable regions must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="shortcuts" role="region" aria-label="All shortcuts" tabIndex={0}>
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl className="pairs">
              {listedCommands
                .filter((command) => command.group === group)
                .map(({ id, title, shortcut = '' }) => (
                  <div key={id} className="pair">
                    <dt>{title}</dt>
                    <dd>
                      <kbd>{formatShortcut(shortcut)}</kbd>
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>In the focused control</h3>
          <dl className="pairs">
            {contextShortcuts.map(([keys, description]) => (
              <div key={keys} className="pair">
                <dt>{description}</dt>
                <dd>
                  <kbd>{keys}</kbd>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Overlay>
  )
}
