// How electron-builder packs the app for the three systems. Signing and the update channel come from the environment, and are off without it.

/** Set in the binary itself, so that no environment variable or switch undoes them. @param {string} electronVersion */
const fusesOf = (electronVersion) => ({
  runAsNode: false,
  enableCookieEncryption: true,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  // Older Electron has no such fuse.
  ...(Number.parseInt(electronVersion, 10) >= 29 ? { grantFileProtocolExtraPrivileges: false } : {}),
})

/** Native code cannot be loaded out of an archive. */
const nativeFiles = ['**/*.node', '**/*.so', '**/*.so.*', '**/*.dylib', '**/*.dll']

/**
 * @param {{ electronVersion: string, electronDist?: string | undefined, prepared: string, output: string, env?: NodeJS.ProcessEnv }} place
 *   prepared: folder with icons, licences and bill of materials; electronDist: a local runtime, so that none is downloaded
 * @returns {import('electron-builder').Configuration}
 */
export function builderConfig({ electronVersion, electronDist, prepared, output, env = process.env }) {
  const isSigned = Boolean(env.CSC_LINK)
  return {
    appId: 'app.headroom.desktop',
    productName: 'Headroom',
    copyright: 'Headroom',
    electronVersion,
    ...(electronDist === undefined ? {} : { electronDist }),
    directories: { output, buildResources: prepared },
    files: [
      'out/main/**',
      'out/preload/**',
      'out/renderer/**',
      'package.json',
      '!**/contents.json',
      '!**/node_modules/**/*.{md,map,ts,cts,mts}',
      '!**/node_modules/**/{test,tests,example,examples}/**',
    ],
    extraResources: [
      { from: 'resources/fonts', to: 'fonts' },
      { from: 'out/engine', to: 'engine', filter: ['headroom-engine.tar.gz', 'run.sh', 'engine.json', 'sbom.cdx.json'] },
      { from: `${prepared}/LICENCES.txt`, to: 'LICENCES.txt' },
      { from: `${prepared}/sbom.cdx.json`, to: 'sbom.cdx.json' },
    ],
    asar: true,
    asarUnpack: nativeFiles,
    // What a deb states about itself.
    extraMetadata: {
      homepage: env.HEADROOM_HOMEPAGE ?? 'https://headroom.invalid/',
      author: env.HEADROOM_MAINTAINER ?? 'Headroom <headroom@localhost>',
    },
    npmRebuild: false,
    nodeGypRebuild: false,
    electronFuses: fusesOf(electronVersion),
    protocols: [{ name: 'Headroom run', schemes: ['headroom'] }],
    fileAssociations: [
      { ext: 'parquet', name: 'Parquet forecasts', role: 'Viewer', mimeType: 'application/vnd.apache.parquet' },
      { ext: 'pq', name: 'Parquet forecasts', role: 'Viewer', mimeType: 'application/vnd.apache.parquet' },
    ],
    // A channel without signed packages would be a way in: both or neither.
    publish: isSigned && env.HEADROOM_UPDATE_URL ? [{ provider: 'generic', url: env.HEADROOM_UPDATE_URL, channel: 'latest' }] : null,
    linux: {
      target: ['deb', 'AppImage'],
      executableName: 'headroom',
      icon: `${prepared}/icons`,
      category: 'Office',
      synopsis: 'Workbench for capacity planners',
      maintainer: env.HEADROOM_MAINTAINER ?? 'Headroom <headroom@localhost>',
    },
    // Without arguments of ours, the menu entry would turn the sandbox off.
    appImage: { executableArgs: [] },
    win: { target: 'nsis', icon: `${prepared}/icon.ico` },
    nsis: {
      oneClick: false,
      perMachine: false,
      allowElevation: true,
      allowToChangeInstallationDirectory: true,
      deleteAppDataOnUninstall: false,
    },
    mac: {
      target: [{ target: 'dmg', arch: 'universal' }],
      icon: `${prepared}/icon.png`,
      category: 'public.app-category.business',
      hardenedRuntime: true,
      gatekeeperAssess: false,
      identity: isSigned ? undefined : null,
      notarize: Boolean(isSigned && env.APPLE_TEAM_ID),
      x64ArchFiles: '**/*.{node,dylib}',
    },
  }
}
