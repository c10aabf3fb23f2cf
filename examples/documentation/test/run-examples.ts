/** Runs the example files that it is given, one after the other, each as `node file` would. What they print comes below their name. */
for (const name of process.argv.slice(2)) {
  console.log(`--- ${name}`)
  await import(new URL(`../src/${name}.ts`, import.meta.url).href)
}
