/** What `stat` says of a file or folder, as far as it decides who else can read or swap it. */
export type FileFacts = { mode: number; uid: number };

/** `mend` is a command, as far as there is one. */
export type Unsafe = { problem: string; mend: string };

/**
 * Why a secret keyfile must not be used: somebody else can read it, or could have put it there.
 *
 * @param uid - The user who asks. Undefined where users have no number: then only the mode counts.
 */
export function unsafeSecretFile({ mode, uid: owner }: FileFacts, path: string, uid?: number): Unsafe[] {
  const found = foreignOwner(owner, path, uid);
  if ((mode & 0o077) !== 0) {
    found.push({
      problem: `others may read it (mode ${octal(mode)})`,
      mend: `run: chmod 600 ${shellWord(path)}`,
    });
  }
  return found;
}

/** A public file tells nothing, but whoever may change it decides which address money is sent to. */
export function unsafePublicFile({ mode, uid: owner }: FileFacts, path: string, uid?: number): Unsafe[] {
  const found = foreignOwner(owner, path, uid);
  if ((mode & 0o022) !== 0) {
    found.push({
      problem: `others may change it (mode ${octal(mode)})`,
      mend: `run: chmod 600 ${shellWord(path)}`,
    });
  }
  return found;
}

/** Whoever may write into a folder may swap the files in it. That others may list it is how btcli leaves it. */
export function unsafeFolder({ mode, uid: owner }: FileFacts, path: string, uid?: number): Unsafe[] {
  const found = foreignOwner(owner, path, uid);
  if ((mode & 0o022) !== 0) {
    found.push({
      problem: `others may swap what is in it (mode ${octal(mode)})`,
      mend: `run: chmod 700 ${shellWord(path)}`,
    });
  }
  return found;
}

/** A path as a shell takes it. */
export function shellWord(path: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function foreignOwner(owner: number, path: string, uid: number | undefined): Unsafe[] {
  if (uid === undefined || owner === uid) return [];
  return [
    {
      problem: `it belongs to user ${owner}, not to ${uid}`,
      mend: `run as user ${owner}, or: sudo chown ${uid} ${shellWord(path)}`,
    },
  ];
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}
