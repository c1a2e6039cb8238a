// Switches that would take away what guards the pages; a package does not start with them.

interface RefusedSwitch {
  readonly name: string
  readonly message: string
}

const refusedSwitches: readonly RefusedSwitch[] = [
  {
    name: 'remote-debugging-port',
    message: '--remote-debugging-port would let other programs control the window. Start Headroom without it.',
  },
  {
    // An AppImage adds it where the system gives its user no namespaces.
    name: 'no-sandbox',
    message:
      'Without a sandbox Headroom shows no files of others. Allow user namespaces, then start it without --no-sandbox: ' +
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu) or kernel.unprivileged_userns_clone=1 (Debian). Or install the deb.',
  },
]

/** What to tell the user; undefined where nothing is refused. Development needs both switches: for tests, and where root starts it. */
export const refusalOf = (isPackaged: boolean, hasSwitch: (name: string) => boolean): string | undefined =>
  isPackaged ? refusedSwitches.find(({ name }) => hasSwitch(name))?.message : undefined
