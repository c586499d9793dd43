/** How the provider processes of one run tell each other what they hold, through files that no other user can reach. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCluster } from "../../provider/cluster/create.ts";
import { deleteCluster } from "../../provider/cluster/delete.ts";
import { Holders } from "../../provider/cluster/holders.ts";
import { isGroupOfOne } from "../../provider/cluster/privateFolder.ts";
import { runNotesInFiles } from "../../provider/cluster/runNotes.ts";
import { runInChild, startChild } from "./childProcess.ts";
import { FakeService, regionId } from "./fakeService.ts";

const RUN = "127.0.0.1:1";
const ANOTHER_RUN = "127.0.0.1:2";
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const DAY_MS = 86_400_000;

let root: string;
let pulumiHome: string;
let temporary: string;
let warnings: string[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), "notes-")));
  [pulumiHome, temporary] = [path.join(root, "home", ".pulumi"), path.join(root, "tmp")];
  mkdirSync(path.dirname(pulumiHome));
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  warnings = [];
  vi.stubEnv("HOME", path.dirname(pulumiHome));
  vi.stubEnv("USERPROFILE", path.dirname(pulumiHome));
  vi.stubEnv("PULUMI_HOME", "");
  vi.stubEnv("TMPDIR", temporary);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const notesOf = (run = RUN) => runNotesInFiles(run, (text) => warnings.push(text));
const heldElsewhere = (hpcClusterId: string, run = RUN) =>
  notesOf(run)
    .holdersElsewhere(hpcClusterId)
    .map(({ entry }) => entry);

/** Every file below a folder, with what it contains. */
const filesIn = (folder: string): [string, string][] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .map((file): [string, string] => [path.relative(folder, file), readFileSync(file, "utf8")])
    .sort();
const onlyNote = (): string => {
  const notes = filesIn(pulumiHome).filter(([file]) => file.endsWith(".jsonl"));
  expect(notes).toHaveLength(1);
  return path.join(pulumiHome, notes[0]![0]);
};

/** A program that writes these notes. */
const writing = (notes: readonly object[], run = RUN) => `
  const { runNotesInFiles } = require("./provider/cluster/runNotes.ts");
  const notes = runNotesInFiles(${JSON.stringify(run)}, console.error);
  ${JSON.stringify(notes)}.forEach((note) => notes.write(note));
  console.log(process.pid);
`;
const untilStopped = "process.stdin.on('end', () => process.exit()).resume();";
const untilKilled = "process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume();";

const theirs = { hpcClusterId: "hpc-1", entry: "theirs", holds: true };

/** The file of a killed process, which could not remove it. */
async function leftNote(): Promise<{ file: string; pid: string }> {
  const killed = await startChild(writing([theirs]) + untilKilled, {});
  await killed.stop();
  return { file: onlyNote(), pid: killed.printed.trim() };
}

describe("the notes of a run", () => {
  test("tell a process which clusters another living process of the run holds", async () => {
    const released = { ...theirs, hpcClusterId: "hpc-2" };
    // In a state of an earlier version.
    const nameless = { hpcClusterId: "hpc-3", holds: true };
    const notes = [
      released,
      nameless,
      theirs,
      ...[released, nameless].map((one) => ({ ...one, holds: false })),
    ];
    const other = await startChild(writing(notes) + untilStopped, {});
    const here = new Holders(notesOf());
    here.record("hpc-0", { entry: "own" });
    expect(here.otherHolder("hpc-0", { entry: "own" })).toBeUndefined();
    expect(here.otherHolder("hpc-1", { entry: "own" })).toMatchObject({ entry: "theirs" });
    expect(here.otherHolder("hpc-2", { entry: "own" })).toBeUndefined();
    expect(here.otherHolder("hpc-3", { entry: "own" })).toBeUndefined();
    expect(heldElsewhere("hpc-1", ANOTHER_RUN)).toEqual([]);
    await other.stop();
    expect(here.otherHolder("hpc-1", { entry: "own" })).toBeUndefined();
    // The other process has removed its file.
    expect(readFileSync(onlyNote(), "utf8")).toContain("hpc-0");
    expect(warnings).toEqual([]);
  });

  test("contain each holder once, and again when more is known of it, until it goes", () => {
    const here = new Holders(notesOf());
    const farm = { entry: "a", resourceName: "farm" };
    for (const known of [
      farm,
      { entry: "a" },
      farm,
      { ...farm, urn: "urn:farm" },
      { ...farm, urn: "urn:farm" },
    ]) {
      here.record("hpc-1", known);
    }
    here.record("hpc-2", {});
    here.record("hpc-2", {});
    here.record("hpc-1", { entry: "b", isNew: true });
    here.release("hpc-1", farm);
    const lines = readFileSync(onlyNote(), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { hpcClusterId: "hpc-1", ...farm, holds: true },
      { hpcClusterId: "hpc-1", ...farm, urn: "urn:farm", holds: true },
      { hpcClusterId: "hpc-2", holds: true },
      { hpcClusterId: "hpc-1", entry: "b", isNew: true, holds: true },
      { hpcClusterId: "hpc-1", entry: "a", holds: false },
    ]);
  });

  test.each(["", ", also where nothing says when a process started"])(
    "of a killed process say nothing, and a later run removes them, and no other file%s",
    async (unknownStart) => {
      const { file } = await leftNote();
      const others = [`a.${path.basename(file)}`, `${path.basename(file)}.bak`, "notes.txt"];
      for (const name of others) {
        writeFileSync(path.join(path.dirname(file), name), "important");
      }
      mkdirSync(file.replace(/\d+\.jsonl$/, "1.jsonl"));
      if (unknownStart !== "") {
        renameSync(file, file.replace(/\d+\.jsonl$/, ".jsonl"));
      }
      expect(heldElsewhere("hpc-1")).toEqual([]);
      expect(filesIn(path.dirname(file)).map(([name]) => name)).toEqual(others.toSorted());
      expect(warnings).toEqual([]);
    },
  );

  test("of a process of another user, which cannot be signaled, count", async () => {
    const other = await startChild(writing([theirs]) + untilStopped, {});
    vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("Not permitted"), { code: "EPERM" });
    });
    expect(heldElsewhere("hpc-1")).toEqual(["theirs"]);
    await other.stop();
  });

  test("of a killed process say nothing either when another process has its id", async ({ skip }) => {
    skip(process.platform !== "linux", "only Linux says when a process started");
    const { file, pid } = await leftNote();
    // The test runner's parent lives.
    renameSync(file, file.replace(pid, String(process.ppid)));
    expect(heldElsewhere("hpc-1")).toEqual([]);
    expect(filesIn(pulumiHome)).toEqual([]);
  });

  test("that are removed while they are looked at say nothing, without a warning", async () => {
    const { file: left } = await leftNote();
    vi.spyOn(process, "kill").mockImplementationOnce(() => {
      rmSync(left);
      throw Object.assign(new Error("No such process"), { code: "ESRCH" });
    });
    expect(heldElsewhere("hpc-1")).toEqual([]);

    const ending = await startChild(writing([theirs]) + untilStopped, {});
    const file = onlyNote();
    vi.spyOn(process, "kill")
      .mockReturnValueOnce(true)
      .mockImplementationOnce(() => {
        rmSync(file);
        return true;
      });
    expect(heldElsewhere("hpc-1")).toEqual([]);
    expect(warnings).toEqual([]);
    await ending.stop();
  });

  test("lose no cluster if they cannot be written", async () => {
    vi.stubEnv("PULUMI_HOME", path.join(root, "file", "pulumi"));
    writeFileSync(path.join(root, "file"), "");
    const operation = new FakeService().operation(undefined, notesOf());
    expect(await createCluster(operation, { name: "farm", regionId }, {})).toMatchObject({
      hpcClusterId: "hpc-1",
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /cannot tell each other.* If two resources .* may delete the cluster\. The reason: /,
      ),
    ]);
    expect(warnings[0]).toContain(path.join(root, "file"));
  });

  test("are read as far as they are written, and not if they are broken, with a warning", async () => {
    const other = await startChild(writing([theirs]) + untilStopped, {});
    writeFileSync(onlyNote(), '{"hpcClusterId":"hpc-1","entry":"half', { flag: "a" });
    expect(heldElsewhere("hpc-1")).toEqual(["theirs"]);
    expect(warnings).toEqual([]);
    writeFileSync(onlyNote(), "\n", { flag: "a" });
    expect(heldElsewhere("hpc-1")).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("cannot tell each other")]);
    await other.stop();
  });

  test("keep a cluster from being deleted that the session of an explicit provider has got", async () => {
    const service = new FakeService();
    const inputs = { name: "farm", regionId, clientToken: "mine" };
    const old = await createCluster(service.operation(), inputs, { resourceName: "farm" });
    const here = service.operation(undefined, notesOf());
    // The other provider process creates first: the service answers the same token with the same cluster.
    const other = await startChild(
      `
        const { beginOperation } = require("./provider/cluster/operation.ts");
        const { Session } = require("./provider/cluster/session.ts");
        const { createCluster } = require("./provider/cluster/create.ts");
        const { runNotesInFiles } = require("./provider/cluster/runNotes.ts");
        const { readSettings } = require("./provider/account/settings.ts");

        const ecs = {
          forOperation: () => ecs,
          createHpcCluster: async () => ({ hpcClusterId: "hpc-1", requestId: "R" }),
          describeHpcCluster: async () => ({ HpcClusterId: "hpc-1", Name: "farm" }),
          getAccountId: async () => "1001",
        };
        const session = new Session(readSettings(() => undefined, {}), {
          notes: runNotesInFiles("${RUN}", console.error),
          connect: () => ecs,
        });
        const inputs = { name: "farm", regionId: "cn-hangzhou", clientToken: "mine" };
        createCluster(beginOperation(session), inputs, { resourceName: "new" }).then(({ hpcClusterId }) => console.log(hpcClusterId));
        ${untilStopped}
      `,
      {},
    );
    expect(other.printed).toBe("hpc-1\n");
    await deleteCluster(here, old);
    expect(service.ids).toEqual(["hpc-1"]);
    expect(here.warnings).toEqual([expect.stringMatching(/hpc-1 is kept.*the resource "new" holds it/)]);
    await other.stop();
    await deleteCluster(here, old);
    expect(service.ids).toEqual([]);
  });

  test("of another process namespace stay, because its processes cannot be seen from here", async ({
    skip,
  }) => {
    const ofNamespace = ["unshare", "--pid", "--fork", "--mount-proc"];
    const { status, stderr } = spawnSync(ofNamespace[0]!, [...ofNamespace.slice(1), "true"], {
      encoding: "utf8",
    });
    skip(status !== 0, `there can be no process namespace here: ${stderr}`);
    const living = await startChild(writing([theirs]) + untilStopped, {});
    const { stderr: warned } = await runInChild(writing([theirs], ANOTHER_RUN), {}, ofNamespace);
    expect(warned).toBe("");
    expect(heldElsewhere("hpc-1")).toEqual(["theirs"]);
    await living.stop();
  });

  test("of another process namespace say nothing, and go when they have not changed for a week", () => {
    // A process with the same id and start lives here.
    notesOf().write(theirs);
    const file = onlyNote();
    const foreign = path.join(path.dirname(file), path.basename(file).replace(/^.{8}/, "00000000"));
    renameSync(file, foreign);
    for (const [days, expected] of [
      [6, [path.relative(pulumiHome, foreign)]],
      [8, []],
    ] as const) {
      const changed = new Date(Date.now() - days * DAY_MS);
      utimesSync(foreign, changed, changed);
      expect(heldElsewhere("hpc-1")).toEqual([]);
      expect(filesIn(pulumiHome).map(([name]) => name)).toEqual(expected);
    }
  });
});

describe("a folder that another user could change", () => {
  const own = () => path.join(pulumiHome, "pulumi-alicloud-hpc");
  const chownToNobody = (folder: string) => chownSync(folder, NOBODY, NOBODY);

  /** Files that a run would remove if it took their folder for its own. */
  function fill(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    for (const name of ["thesis.txt", "1.jsonl", "99999999.jsonl"]) {
      writeFileSync(path.join(folder, name), "important\n");
    }
  }
  function useTwice(): void {
    const notes = notesOf();
    for (const hpcClusterId of ["hpc-1", "hpc-2"]) {
      notes.write({ hpcClusterId, holds: true });
      notes.holdersElsewhere(hpcClusterId);
    }
  }

  test("in the temporary folder is left alone, also the folder that a link in it points to", () => {
    const foreign = path.join(root, "foreign");
    const planted = path.join(temporary, `pulumi-alicloud-hpc-${process.getuid?.() ?? "notes"}`);
    fill(foreign);
    fill(planted);
    symlinkSync(foreign, path.join(planted, "127.0.0.1_9"));
    // The run's own folder too.
    symlinkSync(foreign, path.join(planted, RUN.replace(":", "_")));
    if (isRoot) {
      chownToNobody(planted);
    }
    const before = [filesIn(foreign), filesIn(planted)];
    useTwice();
    expect([filesIn(foreign), filesIn(planted)]).toEqual(before);
    expect(warnings).toEqual([]);
  });

  const cases: [what: string, needsRoot: boolean, plant: (foreign: string) => string, message: RegExp][] = [
    [
      "a link",
      false,
      (foreign) => {
        mkdirSync(pulumiHome);
        symlinkSync(foreign, own());
        return own();
      },
      /is not a folder, but a link or a file/,
    ],
    [
      "a link further down",
      false,
      (foreign) => {
        mkdirSync(own(), { recursive: true, mode: 0o700 });
        symlinkSync(foreign, path.join(own(), "notes"));
        return path.join(own(), "notes");
      },
      /is not a folder, but a link or a file/,
    ],
    [
      "a folder that others can read",
      false,
      () => {
        fill(own());
        chmodSync(own(), 0o755);
        return own();
      },
      /can be read or changed by other users/,
    ],
    [
      "in a folder that others can change",
      false,
      () => {
        fill(own());
        chmodSync(own(), 0o700);
        chmodSync(pulumiHome, 0o777);
        return pulumiHome;
      },
      /can be changed by other users/,
    ],
    [
      "further up in a folder that others can change",
      false,
      () => {
        fill(own());
        chmodSync(own(), 0o700);
        chmodSync(path.dirname(pulumiHome), 0o777);
        return path.dirname(pulumiHome);
      },
      /can be changed by other users/,
    ],
    [
      "cannot be created",
      false,
      () => {
        // Too long a name for any file system.
        const folder = path.join(root, "x".repeat(300));
        vi.stubEnv("PULUMI_HOME", folder);
        return folder;
      },
      /cannot be created \(.*ENAMETOOLONG.*\): set the environment variable PULUMI_HOME to a folder that only you/,
    ],
    [
      "a folder of another user",
      true,
      () => {
        fill(own());
        chmodSync(own(), 0o700);
        chownToNobody(own());
        return own();
      },
      /belongs to the user 65534/,
    ],
    [
      "the home of another user, as with sudo",
      true,
      () => {
        chownToNobody(path.dirname(pulumiHome));
        return path.dirname(pulumiHome);
      },
      /belongs to the user 65534/,
    ],
    [
      "in a folder that a group of others can change",
      true,
      () => {
        fill(own());
        chmodSync(own(), 0o700);
        // The user daemon is in the group daemon.
        chownSync(pulumiHome, 0, 1);
        chmodSync(pulumiHome, 0o775);
        return pulumiHome;
      },
      /can be changed by other users/,
    ],
  ];
  test.for(cases)(
    "is not used, and a run says so once: %s",
    ([_what, needsRoot, plant, message], { skip }) => {
      skip(needsRoot && !isRoot, "only root can give a folder to another user");
      const foreign = path.join(root, "foreign");
      fill(foreign);
      const named = plant(foreign);
      const before = filesIn(root);
      useTwice();
      expect(filesIn(root)).toEqual(before);
      expect(warnings).toEqual([expect.stringMatching(message)]);
      expect(warnings[0]).toContain(named);
      expect(warnings[0]).toContain("PULUMI_HOME");
    },
  );

  test("does not mean a home behind a link, nor one that only the user's own group can change", ({
    skip,
  }) => {
    skip(!isRoot, "only root's group is known to have no other members");
    const real = path.join(root, "disk");
    mkdirSync(real);
    chmodSync(real, 0o775);
    chownSync(real, 0, 0);
    // In a folder of a group that cannot change it.
    chownSync(root, 0, 1);
    chmodSync(root, 0o755);
    symlinkSync(real, path.join(root, "link"));
    vi.stubEnv("PULUMI_HOME", path.join(root, "link"));
    useTwice();
    expect(warnings).toEqual([]);
    expect(filesIn(real)).toEqual([[expect.stringMatching(/\.jsonl$/), expect.stringContaining("hpc-2")]]);
    expect(statSync(path.join(real, "pulumi-alicloud-hpc")).mode & 0o777).toBe(0o700);
  });

  /** The folder that a process of this user uses; undefined: on Windows, where users have no ids. */
  async function folderOf(user: number | undefined): Promise<string> {
    if (process.geteuid !== undefined) {
      vi.spyOn(process as { geteuid: () => number | undefined }, "geteuid").mockReturnValue(user);
    }
    vi.resetModules();
    return (await import("../../provider/cluster/privateFolder.ts")).privateFolder("notes");
  }

  test("does not mean one below folders of root", async ({ skip }) => {
    skip(!isRoot, "only root can give a folder to another user");
    mkdirSync(path.join(own(), "notes"), { recursive: true, mode: 0o700 });
    for (const folder of [pulumiHome, own(), path.join(own(), "notes")]) {
      chownToNobody(folder);
    }
    expect(await folderOf(NOBODY)).toBe(path.join(own(), "notes"));
    chownToNobody(root);
    await expect(folderOf(1000)).rejects.toThrow(/belongs to the user 65534, and you are the user 1000/);
  });

  test("is not known on Windows: the profile's folder is the user's, and PULUMI_HOME may be anybody's", async () => {
    vi.stubEnv("PULUMI_HOME", path.join(root, "elsewhere"));
    mkdirSync(own(), { recursive: true });
    chmodSync(path.dirname(pulumiHome), 0o777);
    expect(await folderOf(undefined)).toBe(path.join(own(), "notes"));
  });
});

test.each([
  ["a group of the user's name without members", "", "amy:x:1000:", true],
  ["a group of the user's name, with root", "", "amy:x:1000:amy,root", true],
  ["a group with another member", "", "amy:x:1000:amy,bob", false],
  ["a group that another user starts in", "bob:x:1001:1000::/home/bob:/bin/sh", "amy:x:1000:", false],
  ["a group of another name, as staff, whose members are not all in these files", "", "staff:x:1000:", false],
  ["two groups with one id", "", "amy:x:1000:\nstaff:x:1000:bob", false],
  ["another group", "", "staff:x:20:", false],
])("whether a group is the user's alone: %s", (_what, users, group, expected) => {
  const passwd = `root:x:0:0:root:/root:/bin/sh\namy:x:1000:1000::/home/amy:/bin/sh\n${users}\n`;
  expect(isGroupOfOne(1000, 1000, { passwd, group: `root:x:0:\n${group}\n` })).toBe(expected);
  expect(isGroupOfOne(1000, 1002, { passwd, group: `root:x:0:\n${group}\n` })).toBe(false);
});
