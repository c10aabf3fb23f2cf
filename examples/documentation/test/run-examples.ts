/**
 * Runs example files one after the other, each as `node file` would. Arguments: their names. Prints each name, then the
 * file's output.
 */
for (const name of process.argv.slice(2)) {
  console.log(`--- ${name}`)
  await import(new URL(`../src/${name}.ts`, import.meta.url).href)
}
