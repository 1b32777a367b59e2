import { Agent, setGlobalDispatcher } from "undici";

// Test files share a process: a connection that `fetch` kept from one file must not be found at a port that the next
// file was given again.
setGlobalDispatcher(new Agent({ pipelining: 0 }));
