/**
 * The contract: what the local ECS does, check by check, to be compared with what the service does.
 *
 * A check asks something and says in a few words what came of it; `emulator` are the words that the local ECS leads to.
 * Nothing here is an assertion: where the two differ, the service is right and the local ECS has something to learn.
 */
import { describeRegion, defaultRegions } from "../../emulator/regions.ts";
import { type Bench, type Kept, type KeptName, CannotAsk, type Sight, type Situation } from "./bench.ts";
import {
  type Answer,
  type Manner,
  type Parameters,
  idOf,
  itemsOf,
  listIn,
  outcomeOf,
  shapeOf,
  succeeded,
} from "./calls.ts";

/** What came of a check, and what else was seen on the way. */
export interface Observation {
  readonly did: string;
  readonly note?: string;
}

/** One thing that is asked of both. */
export interface Check {
  readonly group: string;
  /** Unique within its group. */
  readonly name: string;
  /** What the local ECS does. */
  readonly emulator: string | ((situation: Situation) => string);
  /** How many clusters it makes where the service does what the local ECS does, besides those that are kept. */
  readonly creates: number;
  /** How many it makes at most. */
  readonly atMost: number;
  /** Asked after everything else, so that as much time as possible has passed. */
  readonly late?: true;
  readonly observe: (bench: Bench) => Promise<Observation>;
}

/** Something that the reference marks with (?), and the checks that tell. */
export interface Fact {
  readonly question: string;
  readonly from: readonly {
    /** `<group>: <name>` */
    readonly check: string;
    /** Answers in words, by what came of the check; anything else is told as it was. */
    readonly answers: Readonly<Record<string, string>>;
  }[];
}

// What is asked.

type Make<T> = T | ((bench: Bench) => T | Promise<T>);

async function made<T>(make: Make<T>, bench: Bench): Promise<T> {
  return typeof make === "function" ? await (make as (bench: Bench) => T | Promise<T>)(bench) : make;
}

/** One call; what came of it is its outcome, or what `see` says of a success. */
function call(
  action: string,
  parameters: Make<Parameters>,
  see: (answer: Answer, bench: Bench) => string = outcomeOf,
  manner: Make<Manner> = {},
): Check["observe"] {
  return async (bench) => {
    const answer = await bench.ask(action, await made(parameters, bench), await made(manner, bench));
    return { did: succeeded(answer) ? see(answer, bench) : outcomeOf(answer) };
  };
}

/** A creation; what came of it is its outcome, and whether the cluster is shown as it was asked for. */
function creating(parameters: Make<Parameters>): Check["observe"] {
  return async (bench) => {
    const sent = await made(parameters, bench);
    const answer = await bench.create(sent);
    const id = idOf(answer);
    if (id === undefined) return { did: outcomeOf(answer) };
    return { did: `200, ${asSent(sent, await bench.see(id))}` };
  };
}

/** A change of a kept cluster, and whether it is then shown so. */
function modifying(kept: KeptName, change: Make<Parameters>): Check["observe"] {
  return async (bench) => {
    const { id } = await bench.keep(kept);
    const sent = await made(change, bench);
    const answer = await bench.ask("ModifyHpcClusterAttribute", { HpcClusterId: id, ...sent });
    if (!succeeded(answer)) return { did: outcomeOf(answer) };
    const sight = await bench.see(id, (item) => item !== undefined && differences(sent, item) === "");
    return { did: `200, ${asSent(sent, sight)}`, ...(sight.looks > 1 ? { note: after(sight) } : {}) };
  };
}

function asSent(sent: Parameters, { item }: Sight): string {
  if (item === undefined) return "but never shown";
  const other = differences(sent, item);
  return other === "" ? "as sent" : `but ${other}`;
}

function differences(
  sent: Parameters,
  item: { readonly name: string | undefined; readonly description: string | undefined },
): string {
  return (
    [
      ["Name", item.name],
      ["Description", item.description],
    ] as const
  )
    .filter(([field, shown]) => sent[field] !== undefined && sent[field] !== (shown ?? ""))
    .map(([field, shown]) => `${field} is ${brief(shown)}`)
    .join(", ");
}

function after({ looks, ms }: Sight): string {
  return looks === 1 ? `${ms} ms after the answer` : `in look ${looks}, ${ms} ms after the answer`;
}

/** So many of so many: what a page shows, and what it says there is. */
function counted(answer: Answer): string {
  return `${itemsOf(answer).length} of ${JSON.stringify(answer.body["TotalCount"])}`;
}

/** A value on a line of the table: quoted, and not longer than that. */
function brief(value: string | undefined): string {
  if (value === undefined) return "absent";
  const characters = Array.from(value);
  const shown = characters.length > 24 ? `${characters.slice(0, 6).join("")}…` : value;
  return `${JSON.stringify(shown)}${characters.length > 24 ? ` (${characters.length} characters)` : ""}`;
}

function repetitionOf(first: string | undefined, second: Answer): string {
  const id = idOf(second);
  return id === undefined ? outcomeOf(second) : id === first ? "the same cluster" : "another cluster";
}

// Where it goes.

const check = (
  group: string,
  name: string,
  emulator: Check["emulator"],
  observe: Check["observe"],
  creates: { creates?: number; atMost?: number; late?: true } = {},
): Check => ({
  group,
  name,
  emulator,
  observe,
  creates: creates.creates ?? 0,
  atMost: Math.max(creates.atMost ?? 0, creates.creates ?? 0),
  ...(creates.late === undefined ? {} : { late: true }),
});

const one = { creates: 1 };
const ifAnything = { atMost: 1 };
const badName = "400 InvalidHpcClusterName.Malformed";
const badDescription = "400 InvalidHpcClusterDescription.Malformed";
const badParameter = "400 Invalid.Parameter";
const nowhere = "cn-nowhere";
const astral = "𠀀"; // U+20000: two UTF-16 units, one character

const randomId = (): string =>
  `hpc-${Array.from({ length: 16 }, () => Math.floor(Math.random() * 36).toString(36)).join("")}`;

/** What is wrong or right about a name; the length is counted in characters. */
const names: readonly (readonly [name: string, taken: boolean])[] = [
  ["", false],
  ["a", false],
  ["ab", true],
  [`a${"b".repeat(127)}`, true],
  [`a${"b".repeat(128)}`, false],
  ["集群", true],
  ["中", false],
  ["集".repeat(128), true],
  ["集".repeat(129), false],
  [astral, false],
  [astral.repeat(2), true],
  [astral.repeat(128), true],
  [astral.repeat(129), false],
  ["a._-9", true],
  ["a.b", true],
  ["ab:c", false],
  ["ab/c", false],
  ["a b", false],
  ["ab\n", false],
  ["1ab", false],
  ["-ab", false],
  ["_ab", false],
  [".ab", false],
  ["äb", false],
  ["あい", false], // kana are not Han
  ["a１", false], // a full-width digit
  ["httpd", true],
  ["http://ab", false],
  ["https://ab", false],
];

const descriptions: readonly (readonly [description: string, taken: boolean])[] = [
  ["", true],
  ["a", false],
  ["ab", true],
  ["x".repeat(256), true],
  ["x".repeat(257), false],
  ["中", false],
  ["中文", true],
  ["中".repeat(256), true],
  ["中".repeat(257), false],
  [astral, false],
  [astral.repeat(256), true],
  ["http://ab", false],
  ["https://ab", false],
  ["HTTP://ab", true],
  ["ftp://ab", true],
  [" http://ab", true],
  ["ends with a space ", true],
  ["<&>\n\t\"'%+", true],
];

const inCreate = "CreateHpcCluster";
const inNames = "CreateHpcCluster, Name";
const inDescriptions = "CreateHpcCluster, Description";
const inDescribe = "DescribeHpcClusters";
const inModify = "ModifyHpcClusterAttribute";
const inDelete = "DeleteHpcCluster";
const inTokens = "ClientToken";
const inRegions = "DescribeRegions";
const inGateway = "The gateway";

const regionChecks = (group: string, parameters: Make<Parameters>, missing: string, unknown: string) => [
  check(group, "no RegionId", missing, withRegion(group, parameters, undefined), ifCreating(group)),
  check(group, "an empty RegionId", missing, withRegion(group, parameters, ""), ifCreating(group)),
  check(group, "an unknown RegionId", unknown, withRegion(group, parameters, nowhere), ifCreating(group)),
];

function withRegion(action: string, parameters: Make<Parameters>, RegionId: string | undefined) {
  return call(action, async (bench) => ({ ...(await made(parameters, bench)), RegionId }));
}

function ifCreating(group: string) {
  return group === inCreate ? ifAnything : {};
}

const creation: readonly Check[] = [
  check(
    inCreate,
    "a name and a description",
    "200 {HpcClusterId, RequestId}",
    async (bench) => {
      const answer = await bench.create({ Name: bench.marked("a"), Description: "Nightly frames" });
      return { did: succeeded(answer) ? `200 ${shapeOf(answer.body)}` : outcomeOf(answer) };
    },
    one,
  ),
  check(
    inCreate,
    "the form of an id",
    "hpc- and 16 of a-z0-9",
    async (bench) => {
      const answer = await bench.create({ Name: bench.marked("b") });
      const id = idOf(answer);
      if (id === undefined) return { did: outcomeOf(answer) };
      return {
        did: /^hpc-[a-z0-9]{16}$/.test(id) ? "hpc- and 16 of a-z0-9" : `${id.slice(0, 4)}, ${id.length} long`,
      };
    },
    one,
  ),
  check(
    inCreate,
    "a new cluster is shown",
    "in the first look",
    async (bench) => {
      const answer = await bench.create({ Name: bench.marked("c") });
      const id = idOf(answer);
      if (id === undefined) return { did: outcomeOf(answer) };
      const sight = await bench.see(id);
      if (sight.item === undefined) return { did: "never", note: after(sight) };
      return { did: sight.looks === 1 ? "in the first look" : "later", note: after(sight) };
    },
    one,
  ),
  check(
    inCreate,
    "two clusters of one name",
    "another cluster",
    async (bench) => {
      const first = await bench.create({ Name: bench.marked("twins") });
      const second = await bench.create({ Name: bench.marked("twins") });
      return { did: repetitionOf(idOf(first), second) };
    },
    { creates: 2 },
  ),
  check(
    inCreate,
    "no Name",
    "400 MissingParameter",
    creating((bench) => ({ Description: bench.marked("no name") })),
    ifAnything,
  ),
  check(
    inCreate,
    "no Description is shown as",
    '""',
    async (bench) => {
      const answer = await bench.create({ Name: bench.marked("d") });
      const id = idOf(answer);
      return { did: id === undefined ? outcomeOf(answer) : brief((await bench.see(id)).item?.description) };
    },
    one,
  ),
  ...regionChecks(
    inCreate,
    (bench) => ({ Name: bench.marked("e") }),
    "400 MissingParameter",
    "404 InvalidRegionId.NotFound",
  ),
  check(
    inCreate,
    "a wrong name and a wrong description",
    badName,
    creating((bench) => ({ Name: bench.marked("a/b"), Description: "x" })),
    ifAnything,
  ),
];

/** Names too short for the prefix, or not starting with a letter: the description carries it. */
const nameChecks = names.map(([name, taken]) =>
  check(
    inNames,
    brief(name),
    taken ? "200, as sent" : badName,
    creating((bench) => ({ Name: name, Description: bench.marked("name") })),
    taken ? one : ifAnything,
  ),
);

const descriptionChecks = descriptions.map(([description, taken]) =>
  check(
    inDescriptions,
    brief(description),
    taken ? "200, as sent" : badDescription,
    creating((bench) => ({ Name: bench.marked("f"), Description: description })),
    taken ? one : ifAnything,
  ),
);

const twoIds = async (bench: Bench): Promise<string[]> => [
  (await bench.keep("named")).id,
  (await bench.keep("marked")).id,
];
const asIds = (ids: readonly unknown[]): Parameters => ({ HpcClusterIds: JSON.stringify(ids) });

const describing = (
  name: string,
  emulator: string,
  parameters: Make<Parameters>,
  see?: (answer: Answer) => string,
) => check(inDescribe, name, emulator, call(inDescribe, parameters, see));

const malformedIds = "400 InvalidHpcClusterIds.Malformed";

const description: readonly Check[] = [
  describing(
    "its fields",
    "200 {HpcClusters{HpcCluster[{Description, HpcClusterId, Name}]}, PageNumber, PageSize, RequestId, TotalCount}",
    async (bench) => asIds(await twoIds(bench)),
    (answer) => `200 ${shapeOf(answer.body)}`,
  ),
  describing(
    "the page without PageNumber and PageSize",
    "page 1 of size 10",
    async (bench) => asIds(await twoIds(bench)),
    ({ body }) => `page ${JSON.stringify(body["PageNumber"])} of size ${JSON.stringify(body["PageSize"])}`,
  ),
  describing("two ids", "2 of 2", async (bench) => asIds(await twoIds(bench)), counted),
  describing(
    "two ids, PageSize 1",
    "1 of 2",
    async (bench) => ({ ...asIds(await twoIds(bench)), PageSize: "1" }),
    counted,
  ),
  describing(
    "two ids, PageSize 1, page 3",
    "0 of 2",
    async (bench) => ({ ...asIds(await twoIds(bench)), PageSize: "1", PageNumber: "3" }),
    counted,
  ),
  describing(
    "one id twice",
    "1 of 1",
    async (bench) => {
      const [id] = await twoIds(bench);
      return asIds([id, id]);
    },
    counted,
  ),
  describing(
    "a known and an unknown id",
    "1 of 1",
    async (bench) => asIds([(await bench.keep("named")).id, randomId()]),
    counted,
  ),
  describing("an unknown id", "0 of 0", () => asIds([randomId()]), counted),
  describing("an id of another form", "0 of 0", () => asIds(["not an id"]), counted),
  describing(
    "an id of this region in another",
    "0 of 0",
    async (bench) => ({
      ...asIds([(await bench.keep("named")).id]),
      RegionId: bench.situation.elsewhere,
    }),
    counted,
  ),
  describing("HpcClusterIds is empty", "200", { HpcClusterIds: "", PageSize: "1" }),
  describing("HpcClusterIds is []", "400 MissingParameter.HpcClusterId", asIds([])),
  ...["hpc-1", '"hpc-1"', '{"a":1}', "[1]", "['hpc-1']", "null"].map((HpcClusterIds) =>
    describing(`HpcClusterIds is ${HpcClusterIds}`, malformedIds, { HpcClusterIds }),
  ),
  describing("100 ids", "0 of 0", () => asIds(Array.from({ length: 100 }, randomId)), counted),
  describing("101 ids", "400 InvalidHpcClusterIds.ExceedLimit", () =>
    asIds(Array.from({ length: 101 }, randomId)),
  ),
  describing("PageSize 100", "200", { PageSize: "100" }),
  ...["101", "0", "-1", "x"].map((PageSize) =>
    describing(`PageSize ${PageSize}`, badParameter, { PageSize }),
  ),
  ...["0", "-1", "1.5"].map((PageNumber) =>
    describing(`PageNumber ${PageNumber}`, badParameter, { PageNumber }),
  ),
  describing("PageNumber 999999", "0 items", { PageNumber: "999999" }, (answer) => {
    return `${itemsOf(answer).length} items`;
  }),
  ...regionChecks(inDescribe, {}, "400 MissingParameter", "400 InvalidRegionId.NotFound"),
];

const modifyingOne = (
  name: string,
  emulator: string,
  parameters: Make<Parameters>,
  creates?: { creates: number },
) => check(inModify, name, emulator, call(inModify, parameters), creates);

const modifiedNames = new Set(["", "a", "ab", "a.b", "ab:c", "集群", astral.repeat(2), "1ab", "http://ab"]);
const modifiedDescriptions = new Set(["a", "ab", "中文", "http://ab"]);

const modification: readonly Check[] = [
  check(
    inModify,
    "its fields",
    "200 {RequestId}",
    call(
      inModify,
      async (bench) => ({ HpcClusterId: (await bench.keep("named")).id, Name: bench.marked("named-2") }),
      (answer) => `200 ${shapeOf(answer.body)}`,
    ),
  ),
  check(
    inModify,
    "a Name alone leaves the description",
    "200, as sent",
    modifyingAnd("marked", (bench) => ({ Name: bench.marked("marked-2") }), {
      Description: (bench) => bench.marked("marked"),
    }),
  ),
  check(
    inModify,
    "a Description alone leaves the name",
    "200, as sent",
    modifyingAnd("named", () => ({ Description: "Stills" }), { Name: (bench) => bench.marked("named-2") }),
  ),
  ...names
    .filter(([name]) => modifiedNames.has(name))
    .map(([name, taken]) =>
      check(
        inModify,
        `Name ${brief(name)}`,
        taken ? "200, as sent" : badName,
        modifying("marked", { Name: name }),
      ),
    ),
  ...[128, 129].map((length) => {
    const name = "a".repeat(length);
    return check(
      inModify,
      `Name ${brief(name)}`,
      length > 128 ? badName : "200, as sent",
      modifying("marked", { Name: name }),
    );
  }),
  ...descriptions
    .filter(([text]) => modifiedDescriptions.has(text))
    .map(([text, taken]) =>
      check(
        inModify,
        `Description ${brief(text)}`,
        taken ? "200, as sent" : badDescription,
        modifying("named", { Description: text }),
      ),
    ),
  ...[256, 257].map((length) => {
    const text = "x".repeat(length);
    return check(
      inModify,
      `Description ${brief(text)}`,
      length > 256 ? badDescription : "200, as sent",
      modifying("named", { Description: text }),
    );
  }),
  check(inModify, 'Description ""', "cleared", async (bench) => {
    const { id } = await bench.keep("named");
    const text = "To be cleared";
    const before = await bench.ask(inModify, { HpcClusterId: id, Description: text });
    if (!succeeded(before)) throw new CannotAsk(`no description could be set: ${outcomeOf(before)}`);
    await bench.see(id, (item) => item?.description === text);
    const answer = await bench.ask(inModify, { HpcClusterId: id, Description: "" });
    if (!succeeded(answer)) return { did: outcomeOf(answer) };
    const { item } = await bench.see(id, (shown) => (shown?.description ?? "") === "");
    const left = item?.description ?? "";
    return {
      did: left === "" ? "cleared" : left === text ? "200, but left as it was" : `200, ${brief(left)}`,
    };
  }),
  modifyingOne("neither Name nor Description", "400 InvalidModifyInfo", async (bench) => ({
    HpcClusterId: (await bench.keep("named")).id,
  })),
  modifyingOne("no HpcClusterId", "400 MissingParameter", (bench) => ({ Name: bench.marked("g") })),
  modifyingOne("an unknown id", "400 HpcClusterNotExists", (bench) => ({
    HpcClusterId: randomId(),
    Name: bench.marked("g"),
  })),
  modifyingOne("an id of another form", "400 HpcClusterNotExists", (bench) => ({
    HpcClusterId: "not an id",
    Name: bench.marked("g"),
  })),
  modifyingOne("an id of this region in another", "400 HpcClusterNotExists", async (bench) => ({
    HpcClusterId: (await bench.keep("named")).id,
    Name: bench.marked("named-2"),
    RegionId: bench.situation.elsewhere,
  })),
  ...regionChecks(
    inModify,
    async (bench) => ({ HpcClusterId: (await bench.keep("named")).id, Name: bench.marked("named-2") }),
    "400 MissingParameter",
    "400 InvalidRegionId.NotFound",
  ),
  modifyingOne(
    "right after the creation",
    "200",
    async (bench) => ({ HpcClusterId: await newCluster(bench), Name: bench.marked("h2") }),
    one,
  ),
];

/** A change, and whether it is shown together with what was not to change. */
function modifyingAnd(
  kept: KeptName,
  change: (bench: Bench) => Parameters,
  rest: Readonly<Record<string, (bench: Bench) => string>>,
): Check["observe"] {
  return async (bench) => {
    const { id } = await bench.keep(kept);
    const sent = change(bench);
    const answer = await bench.ask(inModify, { HpcClusterId: id, ...sent });
    if (!succeeded(answer)) return { did: outcomeOf(answer) };
    const unchanged = Object.fromEntries(Object.entries(rest).map(([field, make]) => [field, make(bench)]));
    const sight = await bench.see(id, (item) => item !== undefined && differences(sent, item) === "");
    return { did: `200, ${asSent({ ...sent, ...unchanged }, sight)}` };
  };
}

/** The id of a new cluster, perhaps not shown yet. */
async function newCluster(bench: Bench): Promise<string> {
  const answer = await bench.create({ Name: bench.marked("h") });
  const id = idOf(answer);
  if (id === undefined) throw new CannotAsk(`a cluster could not be made: ${outcomeOf(answer)}`);
  return id;
}

const deleting = (
  name: string,
  emulator: string,
  parameters: Make<Parameters>,
  creates?: { creates: number },
) => check(inDelete, name, emulator, call(inDelete, parameters), creates);

const deletion: readonly Check[] = [
  check(
    inDelete,
    "its fields",
    "200 {RequestId}",
    call(
      inDelete,
      async (bench) => {
        const id = await newCluster(bench);
        await bench.see(id);
        return { HpcClusterId: id };
      },
      (answer) => `200 ${shapeOf(answer.body)}`,
    ),
    one,
  ),
  deleting(
    "right after the creation",
    "200",
    async (bench) => ({ HpcClusterId: await newCluster(bench) }),
    one,
  ),
  check(
    inDelete,
    "a deleted cluster is gone",
    "in the first look",
    async (bench) => {
      const id = await newCluster(bench);
      await bench.see(id);
      const answer = await bench.ask(inDelete, { HpcClusterId: id });
      if (!succeeded(answer)) return { did: outcomeOf(answer) };
      const sight = await bench.see(id, (item) => item === undefined);
      if (sight.item !== undefined) return { did: "never", note: after(sight) };
      return { did: sight.looks === 1 ? "in the first look" : "later", note: after(sight) };
    },
    one,
  ),
  check(
    inDelete,
    "a second time",
    "400 NotExists.HpcCluster",
    async (bench) => {
      const id = await newCluster(bench);
      await bench.ask(inDelete, { HpcClusterId: id });
      return { did: outcomeOf(await bench.ask(inDelete, { HpcClusterId: id })) };
    },
    one,
  ),
  check(
    inDelete,
    "a change after the deletion",
    "400 HpcClusterNotExists",
    async (bench) => {
      const id = await newCluster(bench);
      await bench.ask(inDelete, { HpcClusterId: id });
      return { did: outcomeOf(await bench.ask(inModify, { HpcClusterId: id, Name: bench.marked("h2") })) };
    },
    one,
  ),
  deleting("no HpcClusterId", "400 MissingParameter.HpcClusterId", {}),
  deleting("an empty HpcClusterId", "400 MissingParameter.HpcClusterId", { HpcClusterId: "" }),
  deleting("an unknown id", "400 NotExists.HpcCluster", () => ({ HpcClusterId: randomId() })),
  deleting("an id of another form", "400 NotExists.HpcCluster", { HpcClusterId: "not an id" }),
  deleting(
    "an id of this region in another",
    "400 NotExists.HpcCluster",
    async (bench) => ({ HpcClusterId: await newCluster(bench), RegionId: bench.situation.elsewhere }),
    one,
  ),
  ...regionChecks(
    inDelete,
    () => ({ HpcClusterId: randomId() }),
    "400 MissingParameter.RegionId",
    "404 InvalidRegionId.NotFound",
  ),
];

const secondsAgo = (time: number): string => `${Math.round((Date.now() - time) / 1000)} s`;

/** The cluster `replayed` after its deletion. */
async function deletedOne(bench: Bench): Promise<Kept> {
  const kept = await bench.keep("replayed");
  if (kept.deletedAt === undefined) {
    const token = kept.parameters["ClientToken"];
    const answer = await bench.ask(inDelete, { HpcClusterId: kept.id, ClientToken: token });
    if (!succeeded(answer)) throw new CannotAsk(`it could not be deleted: ${outcomeOf(answer)}`);
    kept.deletedAt = Date.now();
  }
  return kept;
}

const replay = async (bench: Bench, kept: Kept, other: Parameters = {}): Promise<Observation> => {
  const answer = await bench.create({ ...kept.parameters, ...other });
  return { did: repetitionOf(kept.id, answer) };
};

const mismatch = "400 IdempotentParameterMismatch";
const sameCluster = "the same cluster";

const tokens: readonly Check[] = [
  check(
    inTokens,
    "the same values again",
    sameCluster,
    async (bench) => replay(bench, await bench.keep("replayed")),
    ifAnything,
  ),
  check(
    inTokens,
    "another Name",
    mismatch,
    async (bench) => replay(bench, await bench.keep("replayed"), { Name: bench.marked("other") }),
    ifAnything,
  ),
  check(
    inTokens,
    'a Description of "" where there was none',
    mismatch,
    async (bench) => replay(bench, await bench.keep("named"), { Description: "" }),
    ifAnything,
  ),
  check(
    inTokens,
    "the token in capitals",
    "another cluster",
    async (bench) => {
      const kept = await bench.keep("replayed");
      return replay(bench, kept, { ClientToken: kept.parameters["ClientToken"]?.toUpperCase() });
    },
    one,
  ),
  check(
    inTokens,
    "two calls at the same moment",
    sameCluster,
    async (bench) => {
      const parameters = { ClientToken: bench.token(), Name: bench.marked("both") };
      const [first, second] = (await bench.together(inCreate, [parameters, parameters])) as [Answer, Answer];
      if (!succeeded(first) && !succeeded(second))
        return { did: `${outcomeOf(first)}, ${outcomeOf(second)}` };
      return succeeded(first)
        ? { did: repetitionOf(idOf(first), second) }
        : { did: repetitionOf(idOf(second), first) };
    },
    { creates: 1, atMost: 2 },
  ),
  ...[undefined, ""].map((ClientToken) =>
    check(
      inTokens,
      ClientToken === undefined ? "none, twice" : "an empty one, twice",
      "another cluster",
      async (bench) => {
        const parameters = { ClientToken, Name: bench.marked("twice") };
        const first = await bench.create(parameters);
        return { did: repetitionOf(idOf(first), await bench.create(parameters)) };
      },
      { creates: 2 },
    ),
  ),
  check(
    inTokens,
    "that of a refused call, with right values",
    "200",
    async (bench) => {
      const ClientToken = bench.token();
      await bench.create({ ClientToken, Name: "1", Description: bench.marked("refused") });
      return { did: outcomeOf(await bench.create({ ClientToken, Name: bench.marked("right") })) };
    },
    { creates: 1, atMost: 2 },
  ),
  ...(
    [
      ["64 characters", "~".repeat(64), "200, as sent"],
      ["65 characters", "~".repeat(65), badParameter],
      ["not ASCII", "é", badParameter],
    ] as const
  ).map(([name, padding, emulator]) =>
    check(
      inTokens,
      name,
      emulator,
      creating((bench) => ({
        ClientToken: (bench.token() + padding).slice(0, padding === "é" ? undefined : padding.length),
        Name: bench.marked("i"),
      })),
      emulator === badParameter ? ifAnything : one,
    ),
  ),
  check(
    inTokens,
    "not ASCII, of DescribeHpcClusters",
    badParameter,
    call(inDescribe, { ClientToken: "é", PageSize: "1" }),
  ),
  check(inTokens, "of a change, replayed after another change", "200, without effect", async (bench) => {
    const { id } = await bench.keep("named");
    const first = { HpcClusterId: id, Description: "First", ClientToken: bench.token() };
    for (const change of [first, { ...first, Description: "Second", ClientToken: bench.token() }]) {
      const changed = await bench.ask(inModify, change);
      if (!succeeded(changed)) throw new CannotAsk(`a change was refused: ${outcomeOf(changed)}`);
    }
    await bench.see(id, (item) => item?.description === "Second");
    const answer = await bench.ask(inModify, first);
    if (!succeeded(answer)) return { did: outcomeOf(answer) };
    const { item } = await bench.see(id);
    return { did: item?.description === "Second" ? "200, without effect" : "200, done again" };
  }),
  check(inTokens, "of the creation, for the deletion", "200", async (bench) => {
    const kept = await bench.keep("replayed");
    const answer = await bench.ask(inDelete, {
      HpcClusterId: kept.id,
      ClientToken: kept.parameters["ClientToken"],
    });
    if (succeeded(answer)) kept.deletedAt = Date.now();
    return { did: outcomeOf(answer) };
  }),
  check(inTokens, "of a deletion, again", "200", async (bench) => {
    const kept = await deletedOne(bench);
    const again = { HpcClusterId: kept.id, ClientToken: kept.parameters["ClientToken"] };
    return { did: outcomeOf(await bench.ask(inDelete, again)) };
  }),
  check(inTokens, "a deletion with another token", "400 NotExists.HpcCluster", async (bench) => {
    const kept = await deletedOne(bench);
    return {
      did: outcomeOf(await bench.ask(inDelete, { HpcClusterId: kept.id, ClientToken: bench.token() })),
    };
  }),
  check(
    inTokens,
    "of a creation, after the deletion",
    "the same cluster, which is not shown",
    async (bench) => {
      const kept = await deletedOne(bench);
      const { did } = await replay(bench, kept);
      if (did !== sameCluster) return { did };
      const shown = itemsOf(await bench.ask(inDescribe, asIds([kept.id]))).length > 0;
      return { did: shown ? "the same cluster, which is back" : "the same cluster, which is not shown" };
    },
    ifAnything,
  ),
  check(
    inTokens,
    "of a living cluster, at the end of the run",
    sameCluster,
    async (bench) => {
      const kept = await bench.keep("named");
      const note = `${secondsAgo(kept.createdAt)} after the creation`;
      return { ...(await replay(bench, kept)), note };
    },
    { atMost: 1, late: true },
  ),
  check(
    inTokens,
    "of a deleted cluster, at the end of the run",
    sameCluster,
    async (bench) => {
      const kept = await deletedOne(bench);
      const note = `${secondsAgo(kept.createdAt)} after the creation, ${secondsAgo(kept.deletedAt ?? 0)} after the deletion`;
      return { ...(await replay(bench, kept)), note };
    },
    { atMost: 1, late: true },
  ),
];

const regions: readonly Check[] = [
  check(
    inRegions,
    "its fields",
    "200 {Regions{Region[{LocalName, RegionEndpoint, RegionId, Status}]}, RequestId}",
    call(inRegions, { RegionId: undefined }, (answer) => `200 ${shapeOf(answer.body)}`),
  ),
  check(
    inRegions,
    "the endpoint of this region",
    ({ region }) => describeRegion(region).RegionEndpoint,
    call(inRegions, { RegionId: undefined }, ({ body }, { situation }) => {
      const found = listIn(body, "Regions", "Region").find(({ RegionId: id }) => id === situation.region);
      return typeof found?.["RegionEndpoint"] === "string" ? found["RegionEndpoint"] : "not listed";
    }),
  ),
  check(
    inRegions,
    "the regions",
    "those of the reference",
    call(inRegions, { RegionId: undefined }, ({ body }) => {
      const listed = listIn(body, "Regions", "Region").map(({ RegionId: id }) => String(id));
      const absent = defaultRegions.filter((id) => !listed.includes(id));
      const further = listed.filter((id) => !defaultRegions.includes(id));
      const parts = [
        ...(absent.length > 0 ? [`without ${absent.join(", ")}`] : []),
        ...(further.length > 0 ? [`also ${further.join(", ")}`] : []),
      ];
      return parts.length === 0 ? "those of the reference" : parts.join("; ");
    }),
  ),
];

const read = (
  name: string,
  emulator: Check["emulator"],
  parameters: Make<Parameters>,
  manner?: Make<Manner>,
) => check(inGateway, name, emulator, call(inDescribe, parameters, outcomeOf, manner));

const stranger = {
  accessKeyId: `LTAI5t${Array.from({ length: 18 }, () => Math.floor(Math.random() * 36).toString(36)).join("")}`,
  accessKeySecret: "nobody's",
  securityToken: undefined,
};

const gateway: readonly Check[] = [
  read("a wrong signature", "400 SignatureDoesNotMatch", { PageSize: "1" }, (bench) => ({
    signer: bench.withWrongSecret(),
  })),
  read("an unknown key id", "404 InvalidAccessKeyId.NotFound", { PageSize: "1" }, { signer: stranger }),
  read("no signature", "400 MissingAccessKeyId", { PageSize: "1" }, { signer: null }),
  read(
    "a wrong security token",
    ({ temporary }) =>
      temporary ? "400 InvalidSecurityToken.Malformed" : "400 InvalidSecurityToken.MismatchWithAccessKey",
    { SecurityToken: "CAIS-nobody-s" },
  ),
  read("a time an hour ago", "400 InvalidTimeStamp.Expired", () => ({
    Timestamp: `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`,
  })),
  read("a time in words", "400 InvalidTimeStamp.Format", { Timestamp: "yesterday" }),
  check(inGateway, "a nonce twice", "400 SignatureNonceUsed", async (bench) => {
    const parameters = { SignatureNonce: bench.token(), PageSize: "1" };
    await bench.ask(inDescribe, parameters);
    return { did: outcomeOf(await bench.ask(inDescribe, parameters)) };
  }),
  read("an unknown version", "400 InvalidVersion", { Version: "2000-01-01" }),
  check(inGateway, "an unknown action", "404 InvalidAction.NotFound", call("DescribeHpcClusterz", {})),
  read("GET", "200", { PageSize: "1" }, { method: "GET" }),
  read("Format=XML", "XML DescribeHpcClustersResponse", { Format: "XML", PageSize: "1" }),
  read("Format=XML, an error", "XML Error InvalidHpcClusterIds.Malformed", {
    Format: "XML",
    HpcClusterIds: "hpc-1",
  }),
  check(inGateway, "an error's fields", "{Code, HostId, Message, Recommend, RequestId}", async (bench) => {
    const answer = await bench.ask(inDescribe, { HpcClusterIds: "hpc-1" });
    return { did: answer.code === undefined ? outcomeOf(answer) : shapeOf(answer.body) };
  }),
];

/** Every check, in the order in which they are asked, those marked `late` at the end. */
export const contract: readonly Check[] = [
  ...creation,
  ...nameChecks,
  ...descriptionChecks,
  ...description,
  ...modification,
  ...deletion,
  ...tokens,
  ...regions,
  ...gateway,
];

/** What a check is called where its group does not stand over it. */
export function titleOf({ group, name }: Pick<Check, "group" | "name">): string {
  return `${group}: ${name}`;
}

const yesNo = { "200, as sent": "yes", [badName]: "no" };

/** Everything that the reference marks with (?), and what its pages contradict each other in. */
export const facts: readonly Fact[] = [
  {
    question: "Must names be unique?",
    from: [
      {
        check: titleOf({ group: inCreate, name: "two clusters of one name" }),
        answers: { "another cluster": "no, two clusters can have one name" },
      },
    ],
  },
  {
    question: 'Does Description="" clear a description?',
    from: [{ check: titleOf({ group: inModify, name: 'Description ""' }), answers: { cleared: "yes" } }],
  },
  {
    question: "How soon does a new cluster show in DescribeHpcClusters?",
    from: [
      {
        check: titleOf({ group: inCreate, name: "a new cluster is shown" }),
        answers: { "in the first look": "at once", later: "not at once" },
      },
      {
        check: titleOf({ group: inModify, name: "right after the creation" }),
        answers: { "200": "a change right after the creation is taken" },
      },
      {
        check: titleOf({ group: inDelete, name: "right after the creation" }),
        answers: { "200": "so is a deletion" },
      },
    ],
  },
  {
    question: "Same token after the deletion: which result?",
    from: [
      {
        check: titleOf({ group: inTokens, name: "of a creation, after the deletion" }),
        answers: {
          "the same cluster, which is not shown": "the first result again; the cluster stays deleted",
          "the same cluster, which is back": "the first result again, and the cluster is back",
          "another cluster": "another cluster is made",
        },
      },
    ],
  },
  {
    question: "How long is a token remembered? (No longer than this run can be told.)",
    from: [
      {
        check: titleOf({ group: inTokens, name: "of a living cluster, at the end of the run" }),
        answers: { [sameCluster]: "of a living cluster: still at the end of the run" },
      },
      {
        check: titleOf({ group: inTokens, name: "of a deleted cluster, at the end of the run" }),
        answers: { [sameCluster]: "of a deleted cluster: still at the end of the run" },
      },
    ],
  },
  {
    question: "Same token, other values: which status?",
    from: [{ check: titleOf({ group: inTokens, name: "another Name" }), answers: {} }],
  },
  {
    question: "Does Create take a period in a name?",
    from: [{ check: titleOf({ group: inNames, name: '"a.b"' }), answers: yesNo }],
  },
  {
    question: "Does Modify take a period in a name?",
    from: [{ check: titleOf({ group: inModify, name: 'Name "a.b"' }), answers: yesNo }],
  },
  {
    question: "Does Create take a colon in a name?",
    from: [{ check: titleOf({ group: inNames, name: '"ab:c"' }), answers: yesNo }],
  },
  {
    question: "Does Modify take a colon in a name?",
    from: [{ check: titleOf({ group: inModify, name: 'Name "ab:c"' }), answers: yesNo }],
  },
  {
    question: "Are Han characters outside the basic plane letters of a name?",
    from: [{ check: titleOf({ group: inNames, name: brief(astral.repeat(2)) }), answers: yesNo }],
  },
  {
    question: "Does such a character count as one?",
    from: [
      { check: titleOf({ group: inNames, name: brief(astral.repeat(128)) }), answers: yesNo },
      {
        check: titleOf({ group: inNames, name: brief(astral) }),
        answers: { "200, as sent": "no: one of them is long enough", [badName]: "one alone is too short" },
      },
    ],
  },
];

/** What cannot be provoked here, and why. */
export const notProvoked: readonly string[] = [
  "NotEmpty.HpcCluster: needs an instance in the cluster, which costs money",
  "Forbidden.RAM, InvalidAccessKeyId.Inactive, InvalidSecurityToken.Expired: need another user, key or token",
  "Throttling*: would disturb the account's other users",
  "InternalError, ServiceUnavailable, HPC_CLUSTER_MODIFY_FAILED: the service decides",
  "IdempotentProcessing: only by chance, in two calls at the same moment",
  "InvalidHpcClusterId.Creating: needs an instance",
];
