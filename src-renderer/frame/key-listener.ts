// Global keyboard shortcuts: one key or two in sequence run a command; F6 focuses the next region.

const chordTimeoutMs = 1500

const isEditable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio'].includes(target.type)) ||
    target instanceof HTMLSelectElement ||
    target.shadowRoot !== null)

const keyNames: Readonly<Record<string, string>> = {
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  ' ': 'Space',
}

/** "Ctrl+Shift+Z", "?", "G". Command on a Mac counts as Ctrl. */
export const shortcutFromEvent = (event: KeyboardEvent): string => {
  const name = keyNames[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key)
  const isSymbol = event.key.length === 1 && !/[a-z0-9]/i.test(event.key)
  return [
    ...(event.ctrlKey || event.metaKey ? ['Ctrl'] : []),
    ...(event.altKey ? ['Alt'] : []),
    ...(event.shiftKey && !isSymbol ? ['Shift'] : []),
    name,
  ].join('+')
}

/** Returns the keydown listener. */
export const makeKeyListener = (commands: () => readonly Command[], isBlocked: () => boolean): ((event: KeyboardEvent) => void) => {
  let pending: { readonly key: string; readonly atMs: number } | null = null
  return (event) => {
    if (event.defaultPrevented || event.isComposing) return
    if (event.key === 'F6') {
      event.preventDefault()
      focusNextRegion(event.shiftKey ? -1 : 1)
      return
    }
    const shortcut = shortcutFromEvent(event)
    const hasModifier = /^(Ctrl|Alt)\+/.test(shortcut)
    if (
      isBlocked() ||
      (isEditable(event.target) && (!hasModifier || /^Ctrl\+(Shift\+)?[ZYXACV]$/.test(shortcut) || /^Alt\+(Left|Right)$/.test(shortcut)))
    )
      return
    const chord = pending !== null && event.timeStamp - pending.atMs < chordTimeoutMs ? `${pending.key} ${shortcut}` : null
    pending = null
    const find = (shortcutText: string): Command | undefined =>
      commands().find((command) => command.shortcut === shortcutText && command.isDisabled?.() !== true)
    const matched = (chord === null ? undefined : find(chord)) ?? find(shortcut)
    if (matched !== undefined) {
      event.preventDefault()
      matched.run()
    } else if (commands().some((command) => command.shortcut?.startsWith(`${shortcut} `) === true)) {
      pending = { key: shortcut, atMs: event.timeStamp }
    }
  }
}

const focusable = 'button:not(:disabled):not([tabindex="-1"]), select:not(:disabled), input:not(:disabled), [tabindex="0"], summary'

const focusNextRegion = (step: 1 | -1): void => {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => region.querySelector(focusable) !== null)
  const index = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions[(index + step + regions.length) % regions.length]
  next?.querySelector<HTMLElement>(focusable)?.focus()
}

export interface Command {
  /** `noun.verb`; menu items request commands by it. */
  readonly id: string
  readonly group: string
  readonly title: string
  /** "Ctrl+K", "Alt+Left", "?", or two keys in turn: "G O". */
  readonly shortcut?: string
  readonly run: () => void
  /** Whether the command is unavailable in the current state. */
  readonly isDisabled?: () => boolean
}

const isMac = navigator.userAgent.includes('Macintosh')

/** The shortcut with the key names of this system. */
export const formatShortcut = (shortcut: string): string =>
  isMac ? shortcut.replace('Ctrl+', '⌘').replace('Alt+', '⌥').replace('Shift+', '⇧') : shortcut.replace(/^(\w) (\w)$/, '$1 then $2')
