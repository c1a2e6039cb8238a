// The export actions of charts and error panels; the app provides them, so that components stay stateless.
import { createContext, useContext } from 'react'
import type { SavedKind } from '../../src-shared/ipc/ipc-contract.ts'

export interface ExportActions {
  readonly copyText: (text: string) => Promise<void>
  /** Copies and reports it as "Table copied.". */
  readonly copyWithNotice: (text: string, subject: string) => Promise<void>
  readonly saveFile: (name: string, kind: SavedKind, content: string | Uint8Array<ArrayBuffer>) => Promise<void>
}

const ExportContext = createContext<ExportActions | null>(null)

export const ExportProvider = ExportContext.Provider

export const useExportActions = (): ExportActions => {
  const actions = useContext(ExportContext)
  if (actions === null) throw new Error('ExportProvider is missing.')
  return actions
}
