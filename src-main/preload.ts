// The bridge between the sandboxed window and the main process: two pipes and the path of a dropped file, no logic.
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { pushChannel, requestChannel, type PreloadBridge } from '../src-shared/ipc/preload-bridge.ts'

const bridge: PreloadBridge = {
  request: (channel, payload) => ipcRenderer.invoke(requestChannel, channel, payload),
  onPush: (listener) => {
    const forward = (_event: unknown, push: unknown): void => listener(push)
    ipcRenderer.on(pushChannel, forward)
    return () => ipcRenderer.removeListener(pushChannel, forward)
  },
  // Older Electron has no webUtils; there the window reads `file.path` itself.
  pathOf: (file) => (webUtils as typeof webUtils | undefined)?.getPathForFile(file as File) ?? '',
}

contextBridge.exposeInMainWorld('headroom', bridge)
