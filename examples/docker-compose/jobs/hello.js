export async function hello(name) {
  return `Hello, ${name}`
}
