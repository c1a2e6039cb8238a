// The bridge between the sandboxed window and the main process: pipes and the paths of dropped files, no logic.
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { dropChannel, pushChannel, requestChannel, type PreloadBridge } from '../src-shared/ipc/preload-bridge.ts'

const bridge: PreloadBridge = {
  request: (channel, payload) => ipcRenderer.invoke(requestChannel, channel, payload),
  onPush: (listener) => {
    const forward = (_event: unknown, push: unknown): void => listener(push)
    ipcRenderer.on(pushChannel, forward)
    return () => ipcRenderer.removeListener(pushChannel, forward)
  },
  pathOf: (file) => pathOf(file as DroppedFile),
}

interface DroppedFile extends File {
  readonly path?: string
}
interface DropEvent {
  readonly isTrusted: boolean
  readonly dataTransfer: { readonly files: Iterable<DroppedFile> } | null
}

/** Electron before 32 has no webUtils and puts the path on the file, where the page reads it itself. */
const pathOf = (file: DroppedFile): string => (webUtils as typeof webUtils | undefined)?.getPathForFile(file) ?? file.path ?? ''

// Before the page hears of it, and only for drops of the user: the page can make events, but no trusted ones.
const page = globalThis as unknown as { addEventListener: (type: 'drop', listener: (event: DropEvent) => void, isFirst: true) => void }
page.addEventListener(
  'drop',
  ({ isTrusted, dataTransfer }) => {
    if (isTrusted) ipcRenderer.send(dropChannel, [...(dataTransfer?.files ?? [])].map(pathOf))
  },
  true,
)

contextBridge.exposeInMainWorld('headroom', bridge)
