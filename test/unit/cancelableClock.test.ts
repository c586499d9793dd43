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

test("a sleep may have a signal of its own, whose error is not that of a canceled run", async () => {
  const [cancellation, own] = [new AbortController(), new AbortController()];
  const clock = cancelableClock(cancellation.signal);
  const hour = clock.sleep(3_600_000, { signal: own.signal });
  own.abort();
  expect((await failureOf(hour)).name).toBe("AbortError");
  const canceled = clock.sleep(3_600_000, { signal: new AbortController().signal });
  cancellation.abort();
  const error = await failureOf(canceled, CanceledError);
  expect([error.name, error.message]).toEqual(["CanceledError", "Canceled before the service had answered."]);
});
