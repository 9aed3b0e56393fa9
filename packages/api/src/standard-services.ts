import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation, service as healthService } from "grpc-health-check";
import json from "./gen/descriptors.json" with { type: "json" };

const SERVICE = "herald.v1.SpeakerService";

/** The definitions of herald.v1, comments included: a FileDescriptorSet in protobuf's JSON form. */
export const descriptors: object = json;

type Definitions = ConstructorParameters<typeof ReflectionService>[0];

/** Whether a server says that it serves. */
export interface Health {
  /** Says that it does not, from now on. */
  shutDown(): void;
}

/** Adds grpc.health.v1 and both versions of server reflection. */
export function addStandardServices(server: Server): Health {
  const health = new HealthImplementation({ "": "SERVING", [SERVICE]: "SERVING" });
  health.addToServer(server);
  // buf's image has extensions of its own beside the standard fields.
  const { file } = fromJson(FileDescriptorSetSchema, json as JsonValue, { ignoreUnknownFields: true });
  const ours = { fileDescriptorProtos: file.map((each) => toBinary(FileDescriptorProtoSchema, each)) };
  // The library reads nothing but the file descriptors of each entry.
  const definitions = [ours, ...Object.values(healthService).map(({ requestType }) => requestType)];
  new ReflectionService(definitions as unknown as Definitions).addToServer(server);
  return {
    shutDown() {
      health.setStatus("", "NOT_SERVING");
      health.setStatus(SERVICE, "NOT_SERVING");
    },
  };
}
