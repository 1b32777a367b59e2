import type { Hotkey } from "../../shared/types.ts";
import type { OpenEpoch, RegretMatrix, TopicState } from "./maths/types.ts";
import type { Nonce } from "./nonce.ts";

/** A topic without those who lost their slot. */
export function registeredIn(topic: TopicState, registered: ReadonlySet<Hotkey>): TopicState {
  const isThere = ({ id }: { id: string }) => registered.has(id);
  const inferers = topic.inferers.filter(isThere);
  const forecasters = topic.forecasters.filter(isThere);
  const columns = topic.inferers.map(isThere);
  const all = [...columns, ...topic.forecasters.map(isThere)];
  return {
    ...topic,
    ...{ inferers, forecasters },
    oneOutRegrets: part(topic.oneOutRegrets, all, all),
    oneInRegrets: part(topic.oneInRegrets, topic.forecasters.map(isThere), columns),
    reputers: topic.reputers.filter(isThere),
  };
}

/** What was said stays as it is, for it was combined; who said it and left is nobody. */
export function withoutNames(nonce: Nonce, registered: ReadonlySet<Hotkey>): Nonce {
  const failures = Object.entries(nonce.failures).filter(([hotkey]) => registered.has(hotkey));
  const opens = nonce.opens.map(
    (open): OpenEpoch => ({
      ...open,
      inferers: open.inferers.map((member, at) => named(member, at, "inferer", registered)),
      forecasters: open.forecasters.map((member, at) => named(member, at, "forecaster", registered)),
      duplicates: open.duplicates.filter(({ id, of }) => registered.has(id) && registered.has(of)),
      leftOut: open.leftOut.filter((id) => registered.has(id)),
    }),
  );
  return { ...nonce, failures: Object.fromEntries(failures), opens };
}

function named<Member extends { id: string }>(
  member: Member,
  at: number,
  role: string,
  registered: ReadonlySet<Hotkey>,
): Member {
  return registered.has(member.id) ? member : { ...member, id: `${role} ${at} that left` };
}

function part(matrix: RegretMatrix, rows: readonly boolean[], columns: readonly boolean[]): RegretMatrix {
  return matrix.filter((_, row) => rows[row]).map((row) => row.filter((_, column) => columns[column]));
}
