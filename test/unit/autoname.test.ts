import { describe, expect, test } from "vitest";
import { properties } from "../../provider/cluster/properties.ts";
import { autoname } from "../../provider/cluster/autoname.ts";

const urn = "urn:pulumi:dev::renderer::alicloud-hpc:index:HpcCluster::rendering";

/** The reason of a name that could not be made. */
function reasonOf(named: ReturnType<typeof autoname>): string {
  return "failure" in named ? named.failure.reason : expect.fail(`The name is ${named.name}.`);
}

describe("without pulumi:autonaming", () => {
  test("the name follows from the resource's name and its URN, so the next run after a crash asks for the same", () => {
    const named = autoname(urn, "rendering", undefined);
    expect(named).toEqual({ name: expect.stringMatching(/^rendering-[0-9a-f]{7}$/) as string });
    expect(autoname(urn, "rendering", undefined)).toEqual(named);
    expect(autoname(`${urn}-2`, "rendering", undefined)).not.toEqual(named);
    expect(autoname(urn, "rendering", { proposedName: "", mode: "propose" })).toEqual(named);
  });

  test.each(["r", "帧", "𠮷"])(
    "a long name is cut to 128 characters, of which none is broken (%s)",
    (letter) => {
      const named = autoname(urn, letter.repeat(500), undefined);
      const name = "name" in named ? named.name : expect.fail(named.failure.reason);
      expect(Array.from(name)).toHaveLength(128);
      expect(name.isWellFormed()).toBe(true);
      expect(properties.name.rule(name)).toEqual([]);
    },
  );

  test("a resource's name that cannot be a cluster's fails, and the message says where the name came from", () => {
    const named = autoname(urn, "9 frames", undefined);
    // Without the property: the program gives no value that could be shown.
    expect(named).toMatchObject({ failure: { property: "" } });
    expect(reasonOf(named)).toMatch(
      /^name is missing, and "9 frames-[0-9a-f]{7}", made from the resource's name, breaks a rule: .*start with.*first\. name may contain.* Or give the HPC cluster a name\.$/,
    );
  });
});

describe("with pulumi:autonaming", () => {
  test.each(["propose", "enforce"] as const)("the name that it makes is taken (%s)", (mode) => {
    expect(autoname(urn, "rendering", { proposedName: "prod-rendering", mode })).toEqual({
      name: "prod-rendering",
    });
  });

  test("one that breaks a rule fails", () => {
    const named = autoname(urn, "rendering", { proposedName: "x".repeat(129), mode: "enforce" });
    expect(reasonOf(named)).toMatch(/made from pulumi:autonaming, .*has 129/);
  });

  test("disabled, the name is required", () => {
    const named = autoname(urn, "rendering", { proposedName: "", mode: "disable" });
    expect(named).toMatchObject({ failure: { property: "name" } });
    expect(reasonOf(named)).toContain("disabled");
  });
});
