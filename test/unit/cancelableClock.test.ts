import { expect, test } from "vitest";
import { CanceledError, cancelableClock } from "../../provider/ecs/clock.ts";
import { failureOf } from "./failureOf.ts";

test("a sleep ends when the run is canceled, and so does every later one", async () => {
  const cancellation = new AbortController();
  const clock = cancelableClock(cancellation.signal);
  const hour = clock.sleep(3_600_000);
  cancellation.abort();
  await failureOf(hour, CanceledError);
  await failureOf(clock.sleep(0), CanceledError);
  expect(clock.canceled?.aborted).toBe(true);
});

test("a sleep of a run that is not canceled takes its time", async () => {
  const clock = cancelableClock(new AbortController().signal);
  const start = clock.now();
  await clock.sleep(5);
  // A timer may be a fraction of a millisecond early.
  expect(clock.now() - start).toBeGreaterThan(4);
});
