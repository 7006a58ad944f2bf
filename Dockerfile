# The `sir0` program alone, on an image without a shell. Dependencies are a layer of their own, built again only when
# Cargo.lock or a Cargo.toml changes.

FROM rust:1.95-slim-bookworm AS chef
# gcc and libc6-dev, which compile SQLite, Zstandard and the cryptography, are in the image.
RUN cargo install cargo-chef --locked --version 0.1.77
WORKDIR /build

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
COPY --from=plan /build/recipe.json recipe.json
RUN cargo chef cook --locked --profile dist --package sir0 --recipe-path recipe.json
COPY . .
# What `sir0 --version` tells besides: --build-arg BUILT_FROM="$(git log -1 --format='%h %cs')". Here is no repository.
ARG BUILT_FROM=
RUN cargo build --locked --profile dist --package sir0 --bin sir0 \
    && strip target/dist/sir0 \
    && mkdir /empty

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="SIR0" \
    org.opencontainers.image.description="A games distribution platform that anyone can run" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/LICENSE /usr/share/doc/sir0/LICENSE
COPY --from=build /build/target/dist/sir0 /usr/local/bin/sir0
# A volume takes the owner of the folder it covers.
COPY --from=build --chown=10001:10001 --chmod=0700 /empty /data
USER 10001:10001
# A container's own loopback is reached by no one.
ENV SIR0_LISTEN=0.0.0.0:8080 SIR0_DATA_DIR=/data
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=3s --start-period=30s --retries=5 CMD ["sir0", "probe"]
ENTRYPOINT ["sir0"]
CMD ["serve"]
