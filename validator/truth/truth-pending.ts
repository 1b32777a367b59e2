/** A truth that is not there yet. Nothing is wrong: it is asked for again. */
export class TruthPending extends Error {}
