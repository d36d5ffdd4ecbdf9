# The image holds one static program and the roots that it trusts, nothing
# else: no shell, no package manager. It runs as nobody, needs no capability,
# and writes to /data only, so run it with a read-only root:
#
#   docker build -t laurel .
#   docker run --rm -v laurel:/data laurel init --base-url https://badges.example.org --issuer city-academy --name "City Academy"
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v laurel:/data -p 8080:8080 laurel

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/laurel ./cmd/laurel
RUN mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/laurel /laurel
COPY --from=build --chown=65534:65534 --chmod=0700 /out/data /data
ENV LAUREL_LISTEN=:8080
ENV LAUREL_DATA=/data
USER 65534:65534
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/laurel", "health"]
ENTRYPOINT ["/laurel"]
CMD ["serve"]
