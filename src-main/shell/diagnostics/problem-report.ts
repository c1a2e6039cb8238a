// "Report a problem": one text file that the user can read before sending it. Headroom never sends it.
import { readdirSync, statSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../../src-shared/config/settings.ts'

export interface ReportFacts {
  readonly version: string
  readonly isPackaged: boolean
  readonly settings: Settings
  readonly crashFolder: string
  /** Lines of the log, redacted when they were written. */
  readonly log: string
}

const intro = `This is everything that the report holds. Read it, add what you did and what you saw, and send it to the people who support
Headroom for you. It holds no forecasts, no server names, no results, no paths, no accounts and no passwords; crash dumps are only
named, and stay on this machine.`

export const formatProblemReport = ({ version, isPackaged, settings, crashFolder, log }: ReportFacts): string => {
  const { theme, zoom, locale, layout } = settings
  const sections: readonly (readonly [string, string])[] = [
    ['What happened', '(write here)'],
    [
      'The app',
      [
        `Headroom ${version}${isPackaged ? '' : ', from its sources'}`,
        `Electron ${process.versions['electron'] ?? '-'}, Chromium ${process.versions['chrome'] ?? '-'}, Node ${process.versions.node}`,
        `${process.platform} ${release()} ${arch()}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GB`,
      ].join('\n'),
    ],
    [
      'Settings',
      JSON.stringify({
        theme,
        zoom,
        locale,
        layout: { ...layout, grids: Object.keys(layout.grids) },
        analysis: Object.keys(settings.analysis),
      }),
    ],
    ['Crash dumps kept on this machine', listCrashDumps(crashFolder)],
    ['Log', log.trimEnd() || 'empty'],
  ]
  return `${intro}\n\n${sections.map(([heading, text]) => `== ${heading}\n${text}`).join('\n\n')}\n`
}

const listCrashDumps = (folder: string): string => {
  try {
    const dumps = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dmp'))
    const lines = dumps.map((name) => {
      const { size, mtime } = statSync(join(folder, name))
      return `${mtime.toISOString()} ${Math.round(size / 1024)} KB`
    })
    return lines.length === 0 ? 'none' : lines.sort((a, b) => (a < b ? -1 : 1)).join('\n')
  } catch {
    return 'none'
  }
}
