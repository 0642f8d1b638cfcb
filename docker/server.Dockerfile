# What a server runs: training and export, two images that share Debian's Python.
#
#   docker build -f docker/server.Dockerfile --target train -t edge-train .
#   docker build -f docker/server.Dockerfile --target train -t edge-train:cpu --build-arg LOCK=train .
#   docker build -f docker/server.Dockerfile --target export -t edge-export .
#
# Behind a mirror: BASE, APT_MIRROR and PIP_INDEX_URL; with a password in it: --secret id=pip.conf,src=… None of that is in the result.

# It only builds; but the packages are those of its release, and so is Python.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS builder
ARG APT_MIRROR
ENV PIP_CACHE_DIR=/var/cache/pip
COPY docker/build/prepare-builder.sh docker/build/with-pip-secret.sh /usr/local/bin/
RUN prepare-builder.sh
WORKDIR /kit

# A shell and the usual small commands: people look around in a container that trains for days.
FROM builder AS system
ARG TARGETPLATFORM
COPY docker/build/debian_root.py docker/build/
COPY tools/delivery/machines.py tools/delivery/
RUN python3 -m docker.build.debian_root --platform "$TARGETPLATFORM" --keep-all --out /image \
      base-files bash coreutils findutils grep sed tar procps python3 libstdc++6 tini \
 && ln -s bash /image/usr/bin/sh \
 && mkdir -p /image/etc/ssl/certs && cp -L /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM builder AS train-packages
ARG PIP_INDEX_URL
# train-gpu: TensorFlow with CUDA. train: for the CPU. train-jax-gpu, train-jax: Keras on JAX, for several hosts.
ARG LOCK=train-gpu
COPY docker/build/install-lock.sh /usr/local/bin/
COPY locks/${LOCK}.txt locks/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf \
    with-pip-secret.sh install-lock.sh "$LOCK"

FROM builder AS export-packages
ARG PIP_INDEX_URL
COPY docker/build/install-lock.sh /usr/local/bin/
COPY locks/export.txt locks/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf \
    with-pip-secret.sh install-lock.sh export

FROM builder AS kit
COPY docker/build/sbom.py docker/build/
COPY edge_runtime /opt/kit/edge_runtime
COPY train /opt/kit/train
COPY export /opt/kit/export
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/kit

FROM kit AS train-sbom
ARG VERSION=0
COPY --from=system /image/var/lib/dpkg /image/var/lib/dpkg
COPY --from=train-packages /opt/venv /opt/venv
RUN python3 -m docker.build.sbom --name edge-train --version "$VERSION" --root /image --python /opt/venv \
      --out /sbom/edge-train.cdx.json

FROM kit AS export-sbom
ARG VERSION=0
COPY --from=system /image/var/lib/dpkg /image/var/lib/dpkg
COPY --from=export-packages /opt/venv /opt/venv
RUN python3 -m docker.build.sbom --name edge-export --version "$VERSION" --root /image --python /opt/venv \
      --out /sbom/edge-export.cdx.json

FROM scratch AS server
COPY --from=system /image /
# The checkout may be mounted and be the current directory: PYTHONSAFEPATH keeps its code out of what runs.
ENV PATH=/opt/venv/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/tmp SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONPATH=/opt/kit PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib
USER 65532:65532
WORKDIR /work
LABEL org.opencontainers.image.licenses="Apache-2.0"

FROM server AS export
COPY --from=export-packages /opt/venv /opt/venv
COPY --from=kit /opt/kit/edge_runtime /opt/kit/edge_runtime
COPY --from=kit /opt/kit/export /opt/kit/export
COPY --from=export-sbom /sbom /usr/share/sbom
ENTRYPOINT ["tini", "--", "python", "-m", "export"]
CMD ["--help"]
ARG VERSION=0
ARG REVISION=unknown
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="edge-export" \
      org.opencontainers.image.description="Converts a Keras model for devices and proves every file" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      edge-runtime.inputs="$INPUTS"

FROM server AS train
COPY --from=train-packages /opt/venv /opt/venv
COPY --from=kit /opt/kit/edge_runtime /opt/kit/edge_runtime
COPY --from=kit /opt/kit/train /opt/kit/train
COPY --from=train-sbom /sbom /usr/share/sbom
# Which parts of NVIDIA's driver the container toolkit brings in.
ARG BACKEND=tensorflow
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility KERAS_BACKEND=$BACKEND
ENTRYPOINT ["tini", "--", "python", "-m", "train"]
CMD ["--help"]
ARG VERSION=0
ARG REVISION=unknown
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="edge-train" \
      org.opencontainers.image.description="Trains a Keras image classifier" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      edge-runtime.inputs="$INPUTS"
