import { fileURLToPath } from "node:url";
import { type Client, type ClientDuplexStream, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { service as healthService } from "grpc-health-check";
import { afterEach, expect, test } from "vitest";
import { descriptors } from "./index.ts";
import { afterwards, cleanUp, echo, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

const reflectionProto = fileURLToPath(import.meta.resolve("@grpc/reflection")).replace(
  /src\/index\.js$/,
  "proto/grpc/reflection/",
);

test.each(["", "herald.v1.SpeakerService"])('health of "%s" is SERVING', async (service) => {
  const { port } = await serve(echo);
  const Health = makeGenericClientConstructor(healthService as never, "Health") as unknown as new (
    ...args: ConstructorParameters<typeof Client>
  ) => Client & { check(request: object, done: (error: Error | null, value: unknown) => void): void };
  const client = new Health(`127.0.0.1:${port}`, credentials.createInsecure());
  afterwards(async () => client.close());
  const answer = await new Promise((resolve, reject) => {
    client.check({ service }, (error, value) => (error ? reject(error) : resolve(value)));
  });
  expect(answer).toEqual({ status: "SERVING" });
});

interface Answer {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

test.each(["v1", "v1alpha"])("reflection %s lists the services and describes ours", async (version) => {
  const { port } = await serve(echo);
  const service = loadSync(`${reflectionProto}${version}/reflection.proto`)[
    `grpc.reflection.${version}.ServerReflection`
  ];
  const Reflection = makeGenericClientConstructor(service as never, "Reflection") as unknown as new (
    ...args: ConstructorParameters<typeof Client>
  ) => Client & { ServerReflectionInfo(): ClientDuplexStream<object, Answer> };
  const client = new Reflection(`127.0.0.1:${port}`, credentials.createInsecure());
  afterwards(async () => client.close());
  const call = client.ServerReflectionInfo();
  const answers: Answer[] = [];
  call.write({ listServices: "" });
  call.write({ fileContainingSymbol: "herald.v1.SnapshotChunk" });
  call.end();
  for await (const answer of call) answers.push(answer);
  expect(answers).toMatchObject([
    { listServicesResponse: { service: [{ name: "herald.v1.SpeakerService" }, { name: "grpc.health.v1.Health" }] } },
    { fileDescriptorResponse: { fileDescriptorProto: [expect.any(Uint8Array)] } },
  ]);
  expect(`${answers[1]?.fileDescriptorResponse?.fileDescriptorProto[0]}`).toContain("SnapshotChunk");
});

test("descriptors are a FileDescriptorSet in JSON", () => {
  expect(descriptors).toMatchObject({ file: [{ name: "herald/v1/speaker.proto", package: "herald.v1" }] });
});
