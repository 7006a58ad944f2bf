// protovalidate's verdict on messages: `node bounds.js DESCRIPTORS MESSAGES`, where MESSAGES is a JSON list of
// `{type, wire}`. Prints a list with the names of the fields that break a bound, for each message.

import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";

const [descriptors, messages] = process.argv.slice(2).map((path) => readFileSync(path));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
const validator = createValidator({ registry });

const verdicts = JSON.parse(messages).map(({ type, wire }) => {
  const schema = registry.getMessage(type);
  const result = validator.validate(schema, fromBinary(schema, Buffer.from(wire, "base64")));
  if (result.kind === "error") throw result.error;
  // The first step of a path is the field; an index may follow.
  return (result.violations ?? []).map(({ field: [step] }) => step.jsonName);
});
console.log(JSON.stringify(verdicts));
