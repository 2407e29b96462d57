# The kfleet image: the binary, git and CA roots, for CI jobs and pipelines. docs/building.md
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev git && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG KFLEET_COMMIT
RUN binary=$(bash tools/dist) && cp "$binary" /usr/local/bin/kfleet

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git && rm -rf /var/lib/apt/lists/* \
    && useradd -K UID_MAX=65532 --uid 65532 --create-home kfleet
COPY --from=build /usr/local/bin/kfleet /usr/local/bin/kfleet
RUN ln -s kfleet /usr/local/bin/kfmt
USER 65532
WORKDIR /home/kfleet
ENTRYPOINT ["kfleet"]
