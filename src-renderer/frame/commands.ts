// What can be done from anywhere: commands with their names, groups and shortcuts.

export interface Command {
  /** `noun.verb`, also the name that menu items ask for. */
  readonly id: string
  readonly group: string
  readonly title: string
  /** "Ctrl+K", "Alt+Left", "?", or two keys in turn: "G O". */
  readonly shortcut?: string
  readonly run: () => void
  /** Whether there is nothing to do it on at present. */
  readonly isDisabled?: () => boolean
}

const isMac = navigator.userAgent.includes('Macintosh')

/** As the keys are called on this system. */
export const formatShortcut = (shortcut: string): string =>
  isMac ? shortcut.replace('Ctrl+', '⌘').replace('Alt+', '⌥').replace('Shift+', '⇧') : shortcut.replace(/^(\w) (\w)$/, '$1 then $2')
