// @ts-check

// Runs the examples that it is given, one after the other, each as `node file` would. It prints the name of each before
// what the example prints.
for (const name of process.argv.slice(2)) {
  console.log(`--- ${name}`)
  await import(new URL(`../dist/${name}.js`, import.meta.url).href)
}
