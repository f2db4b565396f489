// What the scripts of this folder share: the command line as one object, steps, and how it went.

/** What the test gives: `domain`, `accounts` ([name, password] each), and what a script needs beside. */
export const options = JSON.parse(process.argv[2]);

/** Reports one thing that was seen to work. */
export function step(text) {
  console.log(`ok  ${text}`);
}

/** One expectation. */
export function check(condition, text, found) {
  if (!condition) throw new Error(found === undefined ? text : `${text}; found ${JSON.stringify(found)}`);
  step(text);
}

/** The promise, or an error that says what did not come. */
export function soon(promise, what, seconds = 20) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The next event of an emitter that meets the condition. */
export function next(emitter, event, condition = () => true, seconds = 20) {
  const found = new Promise((resolve) => {
    const listener = (data) => {
      if (!condition(data)) return;
      emitter.removeListener(event, listener);
      resolve(data);
    };
    emitter.on(event, listener);
  });
  return soon(found, event, seconds);
}

/** Runs the script; the last line says how it went, and so does the exit status. */
export async function run(main) {
  try {
    await soon(main(), "end", 100);
    console.log("passed");
    process.exit(0);
  } catch (error) {
    console.log(error?.stack ?? String(error));
    console.log("failed");
    process.exit(1);
  }
}
