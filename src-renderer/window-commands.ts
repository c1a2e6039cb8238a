// The window's commands, run from the command palette, by shortcut or from the menu.
import { packFormats, reportFormats } from '../src-shared/ipc/export-rows.ts'
import { themeChoices } from '../src-shared/config/settings.ts'
import type { Command } from './frame/key-listener.ts'
import { copyLink, exportPack, exportReport } from './state/export-actions.ts'
import { cancelAnalysis } from './state/follow-analysis.ts'
import { clearFilter, goBack, goForward, navigateTo, redoFilter, selectServer, undoFilter, useNavigation } from './state/navigation.ts'
import { choosePath, openSample } from './state/open-path.ts'
import { startTour } from './state/tour.ts'
import { changeSettings, useWindowState } from './state/window-state.ts'
import { fileFormatLabels, themeLabels } from './theme/labels.ts'
import { views } from './view-table.tsx'

const hasNoRun = (): boolean => useWindowState.getState().run === null

const focusFilter = (): void => {
  const field = document.getElementById('filter-text')
  if (field instanceof HTMLInputElement) {
    field.focus()
    field.select()
  }
}

export const windowCommands: readonly Command[] = [
  ...views.map(({ id, title, shortcut, needsRun }): Command => ({
    id: `view.${id}`,
    group: 'View',
    title,
    shortcut,
    run: () => navigateTo(id),
    ...(needsRun ? { isDisabled: hasNoRun } : {}),
  })),
  { id: 'open.file', group: 'Open', title: 'Open file…', shortcut: 'Ctrl+O', run: () => void choosePath('file') },
  { id: 'open.folder', group: 'Open', title: 'Open folder…', shortcut: 'Ctrl+Shift+O', run: () => void choosePath('folder') },
  { id: 'open.sample', group: 'Open', title: 'Open sample fleet', run: () => void openSample() },
  {
    id: 'analysis.cancel',
    group: 'Open',
    title: 'Cancel analysis',
    run: () => void cancelAnalysis(),
    isDisabled: () => useWindowState.getState().analysis === null,
  },
  {
    id: 'go.back',
    group: 'Go',
    title: 'Back',
    shortcut: 'Alt+Left',
    run: goBack,
    isDisabled: () => useNavigation.getState().back.length === 0,
  },
  {
    id: 'go.forward',
    group: 'Go',
    title: 'Forward',
    shortcut: 'Alt+Right',
    run: goForward,
    isDisabled: () => useNavigation.getState().forward.length === 0,
  },
  { id: 'filter.text', group: 'Filter', title: 'Filter servers by text', shortcut: '/', run: focusFilter, isDisabled: hasNoRun },
  {
    id: 'filter.undo',
    group: 'Filter',
    title: 'Undo filter',
    shortcut: 'Ctrl+Z',
    run: undoFilter,
    isDisabled: () => useNavigation.getState().undo.length === 0,
  },
  {
    id: 'filter.redo',
    group: 'Filter',
    title: 'Redo filter',
    shortcut: 'Ctrl+Shift+Z',
    run: redoFilter,
    isDisabled: () => useNavigation.getState().redo.length === 0,
  },
  { id: 'filter.clear', group: 'Filter', title: 'Clear filter', shortcut: 'Ctrl+Shift+X', run: clearFilter, isDisabled: hasNoRun },
  { id: 'selection.clear', group: 'Filter', title: 'Close server details', run: () => selectServer(null), isDisabled: hasNoRun },
  {
    id: 'link.copy',
    group: 'Copy',
    title: 'Copy link to this view',
    shortcut: 'Ctrl+Shift+L',
    run: () => void copyLink(),
    isDisabled: hasNoRun,
  },
  ...reportFormats.map((format): Command => ({
    id: `report.${format}`,
    group: 'Export',
    title: `Export as ${fileFormatLabels[format]}…`,
    run: () => void exportReport(format),
    isDisabled: hasNoRun,
  })),
  ...packFormats.map((format): Command => ({
    id: `pack.${format}`,
    group: 'Export',
    title: `Export pack of the history as ${fileFormatLabels[format]}…`,
    run: () => void exportPack(format),
    isDisabled: hasNoRun,
  })),
  ...themeChoices.map((theme): Command => ({
    id: `theme.${theme}`,
    group: 'Theme',
    title: `Theme: ${themeLabels[theme]}`,
    run: () => void changeSettings({ theme }),
  })),
  { id: 'tour.open', group: 'Help', title: 'Tour', run: () => void startTour() },
  { id: 'palette.open', group: 'Help', title: 'Commands', shortcut: 'Ctrl+K', run: () => useWindowState.setState({ overlay: 'palette' }) },
  {
    id: 'shortcuts.open',
    group: 'Help',
    title: 'Keyboard shortcuts',
    shortcut: '?',
    run: () => useWindowState.setState({ overlay: 'shortcuts' }),
  },
]

export const runCommand = (id: string): void => {
  const command = windowCommands.find((candidate) => candidate.id === id)
  if (command !== undefined && command.isDisabled?.() !== true) command.run()
}
