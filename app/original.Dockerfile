# The layout the experiments began with: what is downloaded and compiled stays in cache mounts, which no cache export carries.
ARG GO_VERSION=1.26

FROM golang:${GO_VERSION} AS compile
ARG CACHE_SCOPE=local
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,id=go-modules-${CACHE_SCOPE},target=/go/pkg/mod,sharing=locked \
    --mount=type=cache,id=go-build-${CACHE_SCOPE},target=/root/.cache/go-build,sharing=locked \
    go mod download -x
COPY . .
RUN --mount=type=cache,id=go-modules-${CACHE_SCOPE},target=/go/pkg/mod,sharing=locked \
    --mount=type=cache,id=go-build-${CACHE_SCOPE},target=/root/.cache/go-build,sharing=locked \
    go build -v -trimpath -ldflags="-s -w" -o /app .

FROM scratch
COPY --from=compile /app /app
USER 65534:65534
ENTRYPOINT ["/app"]
