// A WebAssembly file that the bundler puts into the code, as a data URL.
declare module '*.wasm?inline' {
  const dataUrl: string
  export default dataUrl
}
