/** Puts the package, as it would be published, into node_modules: the tests, whose types are checked next, import it from there. */
import { installPackedPackage } from "../test/engine/packedPackage.ts";

await installPackedPackage();
