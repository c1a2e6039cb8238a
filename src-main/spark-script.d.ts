// The Spark job's script as text: the build puts it into the bundle.
declare module '*.py?raw' {
  const text: string
  export default text
}
