// `/openapi.json` before a judge who did not write it: the schemas of the OpenAPI Initiative.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";

import { platform } from "./stage.js";

const sir0 = await platform();
const answer = await fetch(`${sir0.url}/openapi.json`);
const document = await answer.json();

/** Every object inside, and the document itself. */
function* objects(value) {
  if (value === null || typeof value !== "object") return;
  yield value;
  for (const inner of Object.values(value)) yield* objects(inner);
}

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();

  const { valid, errors } = await validator.validate(structuredClone(document));

  assert.deepEqual({ valid, errors }, { valid: true, errors: undefined });
  assert.equal(validator.version, "3.1");
});

test("every reference leads somewhere", () => {
  const references = [...objects(document)].flatMap(({ $ref }) => $ref ?? []);
  const lost = references.filter((reference) => {
    const steps = reference.split("/").slice(1);
    return steps.reduce((at, step) => at?.[step], document) === undefined;
  });

  assert.ok(references.length > 0);
  assert.deepEqual(lost, []);
});

test("every parameter of a path is described, and every name is used once", () => {
  const operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.values(verbs).map((operation) => ({ path, ...operation })),
  );
  const names = operations.map(({ operationId }) => operationId);

  for (const { path, operationId, parameters = [] } of operations) {
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    const described = parameters.filter((parameter) => parameter.in === "path");
    assert.deepEqual(described.map(({ name }) => name), inPath, operationId);
  }
  assert.deepEqual([...new Set(names)], names);
});
