# Received as an image: docker build -t received . ; docker run -p 8480:8480 -v received:/data received
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ src/
RUN dotnet publish src/Received.Server -c Release -o /app --nologo \
    && install -d -m 700 /data

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./
# The base image's own user, which is not root; a new volume takes owner and mode from here.
COPY --from=build --chown=$APP_UID:$APP_UID --chmod=700 /data /data
USER $APP_UID
ENV Received__Data=/data \
    Received__Urls=http://0.0.0.0:8480
VOLUME /data
EXPOSE 8480
# Alive, not ready: a server that is behind catches up, and must not be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["./received", "health", "--live", "--url", "http://127.0.0.1:8480"]
ENTRYPOINT ["./received"]
CMD ["serve"]
