# The image holds one static program, the roots that it trusts, fonts, and the
# licences of what it is built from, nothing else: no shell, no package manager. It runs as nobody, needs no capability,
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
# Volumes of their own at /data/keys, which services share, belong to the user too.
RUN mkdir -p /out/data/keys
RUN mkdir -p /out/licences/go && cp "$(go env GOROOT)/LICENSE" /out/licences/go/ && go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/laurel | sort -u | while read -r path dir; do mkdir -p "/out/licences/$path" && find "$dir" -maxdepth 1 -type f '(' -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' ')' -exec cp '{}' "/out/licences/$path/" ';' && test -n "$(ls "/out/licences/$path")" || exit 1; done

# Names are drawn in their own scripts: upright letters of two weights, and
# their licences.
FROM debian:bookworm-slim AS fonts
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk
RUN mkdir -p /out/fonts && cp /usr/share/fonts/truetype/noto/NotoSans*-Regular.ttf /usr/share/fonts/truetype/noto/NotoSans*-Bold.ttf /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc /out/fonts/ && cp /usr/share/doc/fonts-noto-core/copyright /out/fonts/LICENCE-noto-core && cp /usr/share/doc/fonts-noto-cjk/copyright /out/fonts/LICENCE-noto-cjk

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=fonts /out/fonts /usr/share/fonts
COPY --from=build /out/laurel /laurel
COPY --from=build /out/licences /usr/share/licences
COPY --from=build --chown=65534:65534 --chmod=0700 /out/data /data
ENV LAUREL_LISTEN=:8080
ENV LAUREL_DATA=/data
USER 65534:65534
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/laurel", "health"]
ENTRYPOINT ["/laurel"]
CMD ["serve"]
