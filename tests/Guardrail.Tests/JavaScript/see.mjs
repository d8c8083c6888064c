// What the scripts of real clients share. Each is run as: node SCRIPT FOLDER_OF_NODE_MODULES
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/`);
export const load = name => import(pathToFileURL(require.resolve(name)).href);
export const pick = module => module.default?.default ?? module.default ?? module;
export const user = content => [{ role: 'user', content }];

// Makes a call and prints what its caller sees, in one line of JSON.
export async function see(name, call) {
  let seen;
  try {
    seen = await call();
  } catch (error) {
    seen = { error: error.constructor.name, status: error.status ?? error.statusCode };
  }
  console.log(JSON.stringify({ name, seen }));
}

// What is seen of each piece of a stream.
export async function all(stream, each) {
  const pieces = [];
  for await (const piece of await stream) pieces.push(each(piece));
  return pieces;
}
