# syntax=docker/dockerfile:1
# The images: `docker build --target controller .` and `docker build --target speaker .`; docs/images.md says more.

FROM node:24.21.0-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libcap2-bin \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
# The pinned Node is first there.
ENV PATH=/src/node_modules/.bin:$PATH NX_DAEMON=false
RUN nx run-many -t codegen --outputStyle=static
# What the speaker's Node may do for whoever runs it. A container that does not have all of them cannot start it.
ARG SPEAKER_CAPABILITIES=cap_net_raw,cap_net_bind_service
RUN node --conditions=@heraldlb/source tools/image/src/main.ts stage /out --capabilities "$SPEAKER_CAPABILITIES"

# glibc, libstdc++, certificates of public authorities, and users; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
ARG VERSION=development
ARG REVISION=unknown
LABEL org.opencontainers.image.source="https://github.com/heraldlb/herald" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV NODE_ENV=production
WORKDIR /app
USER 65532:65532

FROM base AS controller
LABEL org.opencontainers.image.title="herald-controller" \
      org.opencontainers.image.description="Decides which Service gets which addresses and which node announces them"
COPY --from=build /out/controller/node /usr/local/bin/node
COPY --from=build /out/controller/app /app
EXPOSE 7600 9120 9443
# These and the flags are the launcher's, packages/controller/bin/herald-controller.
ENV MALLOC_ARENA_MAX=1
ENTRYPOINT ["/usr/local/bin/node", "--no-node-snapshot", "--max-semi-space-size=4", "--heap-growing-percent=40", "/app/dist/main.mjs"]

FROM base AS speaker
LABEL org.opencontainers.image.title="herald-speaker" \
      org.opencontainers.image.description="Announces addresses on the network of its node"
# Without --chown, which would take its capabilities from it.
COPY --from=build /out/speaker/node /usr/local/bin/node
COPY --from=build /out/speaker/app /app
EXPOSE 9120
# The flags are the launcher's, packages/speaker/bin/herald-speaker.
ENTRYPOINT ["/usr/local/bin/node", "--no-node-snapshot", "--max-semi-space-size=1", "--optimize-for-size", "/app/dist/main.mjs"]
