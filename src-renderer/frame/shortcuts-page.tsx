// Every shortcut on one page.
import { X } from 'lucide-react'
import { useWindowState } from '../state/window-state.ts'
import { formatShortcut, type Command } from './commands.ts'
import { Overlay } from '../components/overlay.tsx'

/** Keys that belong to the place where the focus is. */
const contextShortcuts: readonly (readonly [string, string])[] = [
  ['F6', 'next region of the window'],
  ['Arrows', 'move in a toolbar, a list or the cells of the heatmap'],
  ['Enter', 'open what is active; on a heading: sort by it'],
  ['Esc', 'close what is open; leave a chart; cancel an analysis that is watched'],
  ['Ctrl+C', 'copy the active cell or the selected rows of a list'],
  ['Shift+Arrows', 'select rows of a list'],
  ['+ − 0', 'zoom the heatmap in, out and back'],
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
          <h3>Where the focus is</h3>
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
