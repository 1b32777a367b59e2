import { setFlagsFromString } from "node:v8";

/**
 * Lets this process's heap grow to three times what is alive before all of it is collected. A heap that has been small
 * for a while is let grow by a third only, and the bytes of bodies count as its own: one that takes in a hundred
 * megabytes a second is gone through several times in each. For a whole process, so its entry decides it.
 */
export function letHeapGrow(): void {
  setFlagsFromString("--heap-growing-percent=200"); // read anew at each collection
}
